namespace LamdAgent.Domain.Actions;

/// <summary>A parameter of a merge method.</summary>
/// <param name="Name">mergekit's name.</param>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="Default">What a search writes when its spec gives none (mergekit demands a value); null: left to the method's default.</param>
/// <param name="Kind">What values it takes.</param>
public sealed record MergeParameter(string Name, double Min, double Max, string? Default = null, MergeParameterKind Kind = MergeParameterKind.Gradient)
{
    /// <summary>A parameter that is true or false.</summary>
    public static MergeParameter Flag(string name) => new(name, 0, 1, null, MergeParameterKind.Flag);

    /// <summary>A parameter that is a whole number.</summary>
    public static MergeParameter Count(string name, int max) => new(name, 1, max, null, MergeParameterKind.Count);
}
