namespace LamdAgent.Merging;

/// <summary>Whether a merge method needs <c>base_model</c>.</summary>
public enum BaseModelUse
{
    /// <summary>A base is one more model to it.</summary>
    AnyModel,

    /// <summary>Works with and without, and differently.</summary>
    Optional,

    /// <summary>Cannot do without: it works on differences to the base, or between the base and another model.</summary>
    Required,
}
