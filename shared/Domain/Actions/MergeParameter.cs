namespace LamdAgent.Domain.Actions;

/// <summary>A parameter of a merge method.</summary>
/// <param name="Name">mergekit's name.</param>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="Default">What a search writes when its spec gives none (mergekit demands a value); null: left to the method's default.</param>
/// <param name="IsFlag">True or false instead of a number.</param>
public sealed record MergeParameter(string Name, double Min, double Max, string? Default = null, bool IsFlag = false)
{
    /// <summary>A parameter that is true or false.</summary>
    public static MergeParameter Flag(string name) => new(name, 0, 1, null, IsFlag: true);
}
