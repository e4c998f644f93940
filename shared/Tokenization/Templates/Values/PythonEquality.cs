using System.Numerics;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's == and hash: 1, 1.0 and True are one key.</summary>
internal sealed class PythonEquality : IEqualityComparer<object>
{
    public static readonly PythonEquality Instance = new();

    public new bool Equals(object? left, object? right) => PythonOperators.AreEqual(left!, right!);

    public int GetHashCode(object value) => value switch
    {
        string text => text.GetHashCode(StringComparison.Ordinal),
        bool flag => (flag ? 1.0 : 0.0).GetHashCode(),
        BigInteger number => ((double)number).GetHashCode(),
        double number => number.GetHashCode(),
        TemplateTuple tuple => tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
        _ => value is None or Undefined ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value),
    };
}
