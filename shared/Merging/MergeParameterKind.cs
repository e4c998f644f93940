namespace LamdAgent.Merging;

/// <summary>What values a merge parameter takes.</summary>
public enum MergeParameterKind
{
    /// <summary>A number; may be a gradient over the layers.</summary>
    Number,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A whole number from 1.</summary>
    Count,
}
