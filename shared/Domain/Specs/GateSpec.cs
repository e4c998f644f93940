namespace LamdAgent.Domain.Specs;

/// <summary>What is refused.</summary>
public sealed record GateSpec
{
    /// <summary>The words for <see cref="Contamination"/>.</summary>
    public static IReadOnlyList<string> ContaminationModes { get; } = ["reject", "warn", "off"];

    /// <summary>What happens when a dataset overlaps with evaluation items: <c>reject</c> (default) ends the search before it begins, <c>warn</c> says so, <c>off</c> does not look.</summary>
    public string Contamination { get; init; } = "reject";

    /// <summary>Regression limit for tasks that name none; null: no limit.</summary>
    public double? MaxRegression { get; init; }
}
