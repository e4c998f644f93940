namespace LamdAgent.Merging;

/// <summary>A setting of a merge method: what may be written under <c>parameters</c>, and what a search may try.</summary>
/// <param name="Name">As written in a configuration: <c>density</c>.</param>
/// <param name="Kind">What values it takes.</param>
/// <param name="PerModel">Whether each model has its own value; otherwise one value holds for the whole tensor.</param>
/// <param name="Default">Value when nothing is said; null when a value must be given.</param>
/// <param name="Minimum">Smallest sensible value; the search stays within, a configuration may go beyond where the formula allows.</param>
/// <param name="Maximum">Largest sensible value.</param>
/// <param name="Choices">Values that a search tries when its specification does not say; empty for what is better left at its default.</param>
/// <param name="Summary">What it does, in a line.</param>
public sealed record MergeParameter(
    string Name,
    MergeParameterKind Kind,
    bool PerModel,
    double? Default,
    double Minimum,
    double Maximum,
    IReadOnlyList<double> Choices,
    string Summary);
