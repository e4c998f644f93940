using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Jinja's filters on sequences (pallets/jinja src/jinja2/filters.py).</summary>
internal static class TemplateSequenceFilters
{
    /// <param name="name">The filter's name.</param>
    /// <param name="interpreter">Runs the filters and tests that <c>map</c> and <c>select</c> name.</param>
    public static Func<object, CallArguments, object>? Find(string name, TemplateInterpreter interpreter) => name switch
    {
        "batch" => static (value, call) => Batch(value, call),
        "dictsort" => DictSort,
        "first" => static (value, _) => value is TemplateGenerator generator ? generator.TryTake(out var one) ? one : new Undefined("No first item, sequence was empty.") : PythonOperators.Iterate(value) is [var first, ..] ? first : new Undefined("No first item, sequence was empty."),
        "last" => static (value, _) => PythonOperators.Iterate(value) is [.., var last] ? last : new Undefined("No last item, sequence was empty."),
        "groupby" => GroupBy,
        "items" => static (value, _) => value is TemplateDict dict ? new TemplateGenerator(Pairs(dict)) : value is Undefined ? new TemplateGenerator([]) : throw PythonOperators.Type("Can only get item pairs from a mapping."),
        "join" => Join,
        "list" => static (value, _) => PythonOperators.Iterate(value).ToList(),
        "map" => (value, call) => Map(value, call, interpreter),
        "max" => static (value, call) => Extreme(value, call, 1),
        "min" => static (value, call) => Extreme(value, call, -1),
        "reverse" => static (value, _) => value is string text ? string.Concat(PythonText.CodePointsOf(text).AsEnumerable().Reverse()) : new TemplateGenerator([.. PythonOperators.Iterate(value).Reverse()]),
        "select" => (value, call) => Select(value, call, interpreter, byAttribute: false, keep: true),
        "reject" => (value, call) => Select(value, call, interpreter, byAttribute: false, keep: false),
        "selectattr" => (value, call) => Select(value, call, interpreter, byAttribute: true, keep: true),
        "rejectattr" => (value, call) => Select(value, call, interpreter, byAttribute: true, keep: false),
        "slice" => Slice,
        "sort" => Sort,
        "sum" => (value, call) => Sum(value, call, interpreter),
        "unique" => Unique,
        _ => null,
    };

    public static List<object> Pairs(TemplateDict dict) => [.. dict.Items.Select(static pair => new TemplateTuple([pair.Key, pair.Value]))];

    /// <summary>Reads <c>a.b.0</c> from an item, by subscripts.</summary>
    private static Func<object, object> Getter(object? attribute, bool ignoreCase = false, object? fallback = null) => item =>
    {
        if (attribute is not null and not None)
        {
            foreach (var part in attribute is string path ? path.Split('.').Select(static p => BigInteger.TryParse(p, out var index) ? (object)index : p) : [attribute])
            {
                item = TemplateMembers.Item(item, part);
                item = item is Undefined && fallback is not null ? fallback : item;
            }
        }

        return ignoreCase && item is string text ? StringMethods.Lower(text) : item;
    };

    private static object Batch(object value, CallArguments call)
    {
        var size = Math.Max(1, call.Int("linecount"));
        var fill = call.Optional("fill_with");
        var rows = PythonOperators.Iterate(value).Chunk(size).Select(static row => row.ToList()).ToList();
        if (fill is not null && rows.Count > 0)
        {
            PythonText.Allow(size);
            rows[^1].AddRange(Enumerable.Repeat(fill, size - rows[^1].Count));
        }

        return new TemplateGenerator([.. rows]);
    }

    private static object Slice(object value, CallArguments call)
    {
        var items = PythonOperators.Iterate(value);
        var slices = Math.Clamp(call.Int("slices"), 1, 10_000);
        var fill = call.Optional("fill_with");
        var (each, extra) = (items.Count / slices, items.Count % slices);
        var result = new List<object>();
        var at = 0;
        for (var i = 0; i < slices; i++)
        {
            var count = each + (i < extra ? 1 : 0);
            var row = items.Skip(at).Take(count).ToList();
            at += count;
            if (fill is not null && i >= extra)
            {
                row.Add(fill);
            }

            result.Add(row);
        }

        return new TemplateGenerator(result);
    }

    private static object DictSort(object value, CallArguments call)
    {
        var dict = value as TemplateDict ?? throw PythonOperators.Type("dictsort needs a mapping");
        var caseSensitive = call.Flag("case_sensitive", false);
        var by = call.Optional("by") as string ?? "key";
        var reverse = call.Flag("reverse", false);
        var key = Getter(by == "key" ? BigInteger.Zero : BigInteger.One, !caseSensitive);
        return Sorted(Pairs(dict), key, reverse);
    }

    private static object GroupBy(object value, CallArguments call)
    {
        var attribute = call.Required("attribute");
        var fallback = call.Optional("default");
        var ignoreCase = !call.Flag("case_sensitive", false);
        var sorted = Sorted(PythonOperators.Iterate(value), Getter(attribute, ignoreCase, fallback), false);
        var key = Getter(attribute, ignoreCase, fallback);
        var plain = Getter(attribute, false, fallback);
        var groups = new List<object>();
        List<object>? members = null;
        object? current = null;
        foreach (var item in sorted)
        {
            if (members is null || !PythonOperators.AreEqual(current!, key(item)))
            {
                members = [];
                current = key(item);
                groups.Add(new TemplateTuple([plain(item), members]));
            }

            members.Add(item);
        }

        return groups;
    }

    private static object Join(object value, CallArguments call)
    {
        var separator = PythonText.Str(call.Optional("d") ?? "");
        var get = Getter(call.Optional("attribute"));
        return StringMethods.Join(separator, [.. PythonOperators.Iterate(value).Select(item => (object)PythonText.Str(get(item)))]);
    }

    private static object Map(object value, CallArguments call, TemplateInterpreter interpreter)
    {
        var items = PythonOperators.Iterate(value);
        if (call.Positional.Count == 0)
        {
            var get = Getter(call.Named.GetValueOrDefault("attribute") ?? throw call.Error("needs a filter or an attribute"), fallback: call.Named.GetValueOrDefault("default"));
            return new TemplateGenerator([.. items.Select(get)]);
        }

        var filter = call.Text("filter");
        return new TemplateGenerator([.. items.Select(item => interpreter.ApplyFilter(filter, item, new CallArguments(filter, [.. call.Positional.Skip(1)], call.Named)))]);
    }

    private static object Select(object value, CallArguments call, TemplateInterpreter interpreter, bool byAttribute, bool keep)
    {
        var skip = byAttribute ? 1 : 0;
        var get = byAttribute ? Getter(call.Required("attribute")) : static item => item;
        var test = call.Positional.Count > skip ? call.Positional[skip] as string ?? throw call.Error("names its test by a string") : null;
        return new TemplateGenerator([.. PythonOperators.Iterate(value).Where(item => keep == (test is null
            ? PythonOperators.Truth(get(item))
            : interpreter.ApplyTest(test, get(item), new CallArguments(test, [.. call.Positional.Skip(skip + 1)], call.Named))))]);
    }

    private static object Sort(object value, CallArguments call)
    {
        var reverse = call.Flag("reverse", false);
        var ignoreCase = !call.Flag("case_sensitive", false);
        var attributes = call.Optional("attribute");
        var getters = (attributes is string names ? names.Split(',').Cast<object>() : [attributes!]).Select(name => Getter(name, ignoreCase)).ToList();
        var key = getters.Count == 1 ? getters[0] : item => new TemplateTuple([.. getters.Select(get => get(item))]);
        return Sorted(PythonOperators.Iterate(value), key, reverse);
    }

    // Stable, also in reverse, as sorted() is.
    private static List<object> Sorted(IReadOnlyList<object> items, Func<object, object> key, bool reverse)
    {
        var comparer = Comparer<object>.Create((a, b) => PythonOperators.Order(a, b, "<") ?? 0);
        try
        {
            return reverse ? [.. items.OrderByDescending(key, comparer)] : [.. items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException inner)
        {
            throw new ChatTemplateException(inner.Kind, inner.Message);
        }
    }

    private static object Sum(object value, CallArguments call, TemplateInterpreter interpreter)
    {
        var get = Getter(call.Optional("attribute"));
        return PythonOperators.Iterate(value).Aggregate(call.Optional("start") ?? BigInteger.Zero, (sum, item) => interpreter.Calculate("+", sum, get(item)));
    }

    private static object Extreme(object value, CallArguments call, int sign)
    {
        var ignoreCase = !call.Flag("case_sensitive", false);
        var key = Getter(call.Optional("attribute"), ignoreCase);
        object? best = null;
        foreach (var item in PythonOperators.Iterate(value))
        {
            if (best is null || PythonOperators.Order(key(item), key(best), "<") * sign > 0)
            {
                best = item;
            }
        }

        return best ?? new Undefined("No aggregated item, sequence was empty.");
    }

    private static object Unique(object value, CallArguments call)
    {
        var ignoreCase = !call.Flag("case_sensitive", false);
        var key = Getter(call.Optional("attribute"), ignoreCase);
        var seen = new HashSet<object>(PythonEquality.Instance);
        return new TemplateGenerator([.. PythonOperators.Iterate(value).Where(item => seen.Add(key(item)))]);
    }
}
