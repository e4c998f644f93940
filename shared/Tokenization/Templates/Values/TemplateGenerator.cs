namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>What <c>map</c>, <c>select</c> and their like give: items that can be walked once; always true, without a length or an index.</summary>
internal sealed class TemplateGenerator(IReadOnlyList<object> items)
{
    private int at;

    public IReadOnlyList<object> TakeAll()
    {
        var rest = at == 0 ? items : [.. items.Skip(at)];
        at = items.Count;
        return rest;
    }

    public bool TryTake(out object item)
    {
        var more = at < items.Count;
        item = more ? items[at++] : None.Value;
        return more;
    }
}
