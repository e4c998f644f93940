using System.Numerics;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Truth, equality and order of values as Python has them.</summary>
internal static class PythonOperators
{
    public static bool Truth(object value) => value switch
    {
        None or Undefined => false,
        bool flag => flag,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        List<object> list => list.Count > 0,
        TemplateTuple tuple => tuple.Items.Count > 0,
        TemplateDict dict => dict.Count > 0,
        TemplateView view => view.Items.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object left, object right)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        return (left, right) switch
        {
            (string a, string b) => a == b,
            (None, None) or (Undefined, Undefined) => true,
            (List<object> a, List<object> b) => SequencesEqual(a, b),
            (TemplateTuple a, TemplateTuple b) => SequencesEqual(a.Items, b.Items),
            (TemplateDict a, TemplateDict b) => a.Count == b.Count && a.Items.All(pair => b.TryGet(pair.Key, out var other) && AreEqual(pair.Value, other)),
            _ when PythonNumbers.TryNumbers(left, right, out var x, out var y) => PythonNumbers.Compare(x, y) == 0,
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Negative, 0 or positive, as left is less than, equal to or greater than right; null when one of them is not a number (NaN).</summary>
    public static int? Order(object left, object right, string symbol)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (left, right)
        {
            case (Undefined a, _):
                throw a.Error();
            case (_, Undefined b):
                throw b.Error();
            case (string a, string b):
                return CompareText(a, b);
            case (List<object> a, List<object> b):
                return OrderSequences(a, b, symbol);
            case (TemplateTuple a, TemplateTuple b):
                return OrderSequences(a.Items, b.Items, symbol);
            default:
                return PythonNumbers.TryNumbers(left, right, out var x, out var y)
                    ? PythonNumbers.Compare(x, y)
                    : throw Type($"'{symbol}' not supported between instances of '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
        }
    }

    public static bool Contains(object container, object item)
    {
        switch (container)
        {
            case string text:
                return item switch
                {
                    string part => text.Contains(part, StringComparison.Ordinal),
                    Undefined undefined => throw undefined.Error(),
                    _ => throw Type($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}"),
                };
            case TemplateDict dict:
                return dict.TryGet(item, out _);
            case Undefined:
                return false;
            case TemplateGenerator generator:
                while (generator.TryTake(out var one))
                {
                    if (AreEqual(one, item))
                    {
                        return true;
                    }
                }

                return false;
            default:
                return Iterate(container).Any(one => AreEqual(one, item));
        }
    }

    /// <summary>The items of a value that can be looped over.</summary>
    public static IReadOnlyList<object> Iterate(object value) => value switch
    {
        List<object> list => list,
        TemplateTuple tuple => tuple.Items,
        TemplateDict dict => [.. dict.Keys],
        string text => PythonText.CodePointsOf(text),
        Undefined => [],
        TemplateView view => view.Items,
        TemplateGenerator generator => generator.TakeAll(),
        _ => throw Type($"'{PythonText.TypeName(value)}' object is not iterable"),
    };

    /// <summary>Strings compare by code point, which differs from UTF-16 order above U+D800.</summary>
    public static int CompareText(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            var (a, b) = (left[i], right[i]);
            if (a != b)
            {
                return char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
            }
        }

        return left.Length - right.Length;
    }

    public static ChatTemplateException Type(string message) => new(ChatTemplateError.Type, message);

    private static bool SequencesEqual(IReadOnlyList<object> a, IReadOnlyList<object> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (var i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static int? OrderSequences(IReadOnlyList<object> a, IReadOnlyList<object> b, string symbol)
    {
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return Order(a[i], b[i], symbol);
            }
        }

        return a.Count.CompareTo(b.Count);
    }
}
