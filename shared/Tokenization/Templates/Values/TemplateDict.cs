namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's dict: keeps the order of its keys.</summary>
internal sealed class TemplateDict
{
    private readonly OrderedDictionary<object, object> items = new(PythonEquality.Instance);

    public int Count => items.Count;

    public IEnumerable<object> Keys => items.Keys;

    public IEnumerable<object> Values => items.Values;

    public IEnumerable<KeyValuePair<object, object>> Items => items;

    public object this[object key]
    {
        set => items[Hashable(key)] = value;
    }

    public bool TryGet(object key, out object value)
    {
        var found = items.TryGetValue(Hashable(key), out var item);
        value = item!;
        return found;
    }

    private static object Hashable(object key) =>
        key is List<object> or TemplateDict ? throw new ChatTemplateException(ChatTemplateError.Type, $"unhashable type: '{PythonText.TypeName(key)}'") : key;
}
