namespace LamdAgent.Evaluation.Python;

/// <summary>A Python dictionary: insertion order, keys compared by Python's equality (1, 1.0 and True are one key), later values replace earlier ones.</summary>
internal sealed class PythonDict
{
    private readonly List<KeyValuePair<object?, object?>> _items = [];

    public IReadOnlyList<KeyValuePair<object?, object?>> Items => _items;

    public int Count => _items.Count;

    public void Set(object? key, object? value)
    {
        var index = _items.FindIndex(item => PythonValues.Equal(item.Key, key));
        if (index < 0)
        {
            _items.Add(KeyValuePair.Create(key, value));
        }
        else
        {
            _items[index] = KeyValuePair.Create(_items[index].Key, value);
        }
    }

    public bool TryGet(object? key, out object? value)
    {
        foreach (var item in _items)
        {
            if (PythonValues.Equal(item.Key, key))
            {
                value = item.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    public bool Contains(object? key) => TryGet(key, out _);
}
