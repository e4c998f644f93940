namespace LamdAgent.Domain.Actions;

/// <summary>What values a parameter of a merge takes in a search.</summary>
public enum MergeParameterKind
{
    /// <summary>A number, or a list of numbers: a gradient over the model's layers.</summary>
    Gradient,

    /// <summary>One number for the whole model.</summary>
    Number,

    /// <summary>One whole number.</summary>
    Count,

    /// <summary>true or false.</summary>
    Flag,
}
