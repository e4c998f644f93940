using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>
/// <c>value.name</c> and <c>value[key]</c>. The members a value has are listed here, one by one: there is no way from a template to a .NET member, and
/// Python's inner attributes (<c>__class__</c>) and the methods that change data are refused as Jinja's immutable sandbox refuses them.
/// </summary>
internal static class TemplateMembers
{
    private static readonly HashSet<string> ChangesDict = ["clear", "pop", "popitem", "setdefault", "update"];

    private static readonly HashSet<string> ChangesList = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"];

    /// <summary><c>value.name</c>: methods first, then items.</summary>
    public static object Attribute(object value, string name)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Error();
        }

        if (Method(value, name) is { } member)
        {
            return member;
        }

        return value is TemplateDict dict && dict.TryGet(name, out var item) ? item : Missing(value, name);
    }

    /// <summary><c>value[key]</c>: items first, then methods.</summary>
    public static object Item(object value, object key)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Error();
        }

        object? found = value switch
        {
            TemplateDict dict => dict.TryGet(key, out var item) ? item : null,
            List<object> list => At(list, key),
            TemplateTuple tuple => At(tuple.Items, key),
            TemplateView { Type: "range" } range => At(range.Items, key),
            string text => key is BigInteger or bool ? At(PythonText.CodePointsOf(text), key) : null,
            _ => null,
        };
        return found ?? (key is string name ? Method(value, name) ?? Missing(value, name) : Missing(value, PythonText.Str(key)));
    }

    /// <summary>Python's slices.</summary>
    public static object Slice(object value, object? start, object? stop, object? step)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Error();
        }

        IReadOnlyList<object> items = value switch
        {
            string text => PythonText.CodePointsOf(text),
            List<object> list => list,
            TemplateTuple tuple => tuple.Items,
            TemplateView { Type: "range" } range => range.Items,
            _ => throw PythonOperators.Type($"'{PythonText.TypeName(value)}' object cannot be sliced"),
        };
        var stride = Bound(step) ?? 1;
        if (stride == 0)
        {
            throw PythonOperators.Type("slice step cannot be zero");
        }

        var (low, high) = stride > 0 ? (0, items.Count) : (-1, items.Count - 1);
        var first = Clamp(Bound(start), stride > 0 ? low : high);
        var end = Clamp(Bound(stop), stride > 0 ? high : low);
        var result = new List<object>();
        for (var i = (long)first; stride > 0 ? i < end : i > end; i += stride)
        {
            result.Add(items[(int)i]);
        }

        return value switch { string => string.Concat(result), TemplateTuple => new TemplateTuple(result), _ => result };

        int Clamp(int? bound, int fallback) => bound is not { } given ? fallback : given < 0 ? (int)Math.Max((long)given + items.Count, low) : Math.Min(given, high);
    }

    private static int? Bound(object? value) => value switch
    {
        null or None => null,
        BigInteger number => (int)BigInteger.Max(int.MinValue + 1, BigInteger.Min(int.MaxValue, number)),
        bool flag => flag ? 1 : 0,
        Undefined undefined => throw undefined.Error(),
        _ => throw PythonOperators.Type("slice indices must be integers or None or have an __index__ method"),
    };

    private static object? At(IReadOnlyList<object> items, object key)
    {
        var index = key switch { BigInteger number => number, bool flag => flag ? 1 : 0, _ => (BigInteger?)null };
        if (index is not { } i)
        {
            return null;
        }

        i = i < 0 ? i + items.Count : i;
        return i >= 0 && i < items.Count ? items[(int)i] : null;
    }

    private static object? Method(object value, string name)
    {
        var invoke = value switch
        {
            string text => StringMethods.Find(text, name),
            TemplateDict dict => DictMethod(dict, name),
            List<object> list => ListMethod(list, name),
            TemplateTuple tuple => ListMethod(tuple.Items, name),
            _ => null,
        };
        if (invoke is not null)
        {
            return new TemplateFunction(name, invoke);
        }

        var changes = value switch
        {
            TemplateDict => ChangesDict.Contains(name),
            List<object> => ChangesList.Contains(name),
            string => name == "format_map",
            _ => false,
        };
        if (changes || (name.StartsWith("__", StringComparison.Ordinal) && !(value is TemplateDict held && held.TryGet(name, out _))))
        {
            throw new ChatTemplateException(ChatTemplateError.Forbidden, $"access to attribute '{name}' of '{PythonText.TypeName(value)}' object is unsafe");
        }

        return value switch
        {
            TemplateNamespace space => space.Members.GetValueOrDefault(name),
            LoopState loop => loop.Member(name),
            TemplateFunction function => name == "name" ? function.Name : null,
            _ => null,
        };
    }

    private static Func<CallArguments, object>? DictMethod(TemplateDict dict, string name) => name switch
    {
        "get" => call => dict.TryGet(call.Required("key"), out var value) ? value : call.Optional("default") ?? None.Value,
        "items" => _ => new TemplateView("dict_items", TemplateSequenceFilters.Pairs(dict)),
        "keys" => _ => new TemplateView("dict_keys", [.. dict.Keys]),
        "values" => _ => new TemplateView("dict_values", [.. dict.Values]),
        "copy" => _ => Copy(dict),
        _ => null,
    };

    private static TemplateDict Copy(TemplateDict dict)
    {
        var copy = new TemplateDict();
        foreach (var (key, value) in dict.Items)
        {
            copy[key] = value;
        }

        return copy;
    }

    private static Func<CallArguments, object>? ListMethod(IReadOnlyList<object> items, string name) => name switch
    {
        "count" => call => (BigInteger)items.Count(item => PythonOperators.AreEqual(item, call.Positional.Count > 0 ? call.Positional[0] : throw call.Error("takes one argument"))),
        "index" => call =>
        {
            var wanted = call.Required("value");
            for (var i = 0; i < items.Count; i++)
            {
                if (PythonOperators.AreEqual(items[i], wanted))
                {
                    return (BigInteger)i;
                }
            }

            throw PythonOperators.Type($"{PythonText.Repr(wanted)} is not in list");
        },
        "copy" => _ => items.ToList(),
        _ => null,
    };

    private static Undefined Missing(object value, string name) => new(value is None ? $"'None' has no attribute '{name}'" : $"'{PythonText.TypeName(value)} object' has no attribute '{name}'");
}
