using System.Numerics;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>The arguments of one call, read by the parameter names that Python gives them.</summary>
internal sealed class CallArguments(string callee, IReadOnlyList<object> positional, IReadOnlyDictionary<string, object> named)
{
    private int used;

    public IReadOnlyList<object> Positional => positional;

    public IReadOnlyDictionary<string, object> Named => named;

    /// <summary>The next parameter, or <paramref name="fallback"/> when it is not passed.</summary>
    public object? Optional(string name, object? fallback = null)
    {
        var index = used++;
        if (index < positional.Count)
        {
            return named.ContainsKey(name) ? throw Error($"got multiple values for argument '{name}'") : positional[index];
        }

        return named.TryGetValue(name, out var value) ? value : fallback;
    }

    public object Required(string name) => Optional(name) ?? throw Error($"missing argument '{name}'");

    public string Text(string name) => Required(name) switch
    {
        string text => text,
        Undefined undefined => throw undefined.Error(),
        var other => throw Error($"'{name}' must be str, not {PythonText.TypeName(other)}"),
    };

    public int Int(string name, int? fallback = null) => Optional(name) switch
    {
        null => fallback ?? throw Error($"missing argument '{name}'"),
        BigInteger number when number >= int.MinValue && number <= int.MaxValue => (int)number,
        bool flag => flag ? 1 : 0,
        Undefined undefined => throw undefined.Error(),
        var other => throw Error($"'{name}' must be a whole number, not {PythonText.TypeName(other)}"),
    };

    public bool Flag(string name, bool fallback) => Optional(name) is { } value ? PythonOperators.Truth(value) : fallback;

    public ChatTemplateException Error(string message) => new(ChatTemplateError.Type, $"{callee}() {message}");
}
