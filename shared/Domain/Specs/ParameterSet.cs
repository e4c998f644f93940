namespace LamdAgent.Domain.Specs;

/// <summary>One combination of hyper-parameters.</summary>
/// <param name="Id">Short id that the agent picks: <c>h1</c>, <c>h2</c> ...; unique in its action type.</param>
/// <param name="Values">Name -> YAML text.</param>
/// <param name="Varied">The names that differ between the sets of the type: what is worth showing.</param>
/// <param name="ModelCount">For merges with a list of values per model: how many models these values are for; null: any number.</param>
/// <param name="Ordered">For merges: whether the order of the models changes the result.</param>
public sealed record ParameterSet(
    string Id, IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Varied, int? ModelCount = null, bool Ordered = false)
{
    /// <summary>The varied values, or all when none varies: <c>learning_rate=2e-4, num_train_epochs=2</c>.</summary>
    public string Describe() =>
        string.Join(", ", (Varied.Count > 0 ? Varied : [.. Values.Keys.Order(StringComparer.Ordinal)]).Select(name => $"{name}={Values[name]}"));
}
