using System.Numerics;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopState(IReadOnlyList<object> items, int depth)
{
    private object? lastChanged;

    public int Index { get; set; }

    /// <summary>Renders the loop again for other items, in a recursive loop.</summary>
    public Func<object, object>? Recurse { get; init; }

    public int Length => items.Count;

    public object? Member(string name) => name switch
    {
        "index" => (BigInteger)(Index + 1),
        "index0" => (BigInteger)Index,
        "revindex" => (BigInteger)(items.Count - Index),
        "revindex0" => (BigInteger)(items.Count - Index - 1),
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (BigInteger)items.Count,
        "depth" => (BigInteger)(depth + 1),
        "depth0" => (BigInteger)depth,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new TemplateFunction("cycle", call => call.Positional.Count > 0 ? call.Positional[Index % call.Positional.Count] : throw PythonOperators.Type("no items for cycling given")),
        "changed" => new TemplateFunction("changed", Changed),
        _ => null,
    };

    private object Changed(CallArguments call)
    {
        var value = new TemplateTuple(call.Positional);
        var changed = lastChanged is null || !PythonOperators.AreEqual(lastChanged, value);
        lastChanged = value;
        return changed;
    }
}
