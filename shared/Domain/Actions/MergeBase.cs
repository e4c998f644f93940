namespace LamdAgent.Domain.Actions;

/// <summary>Which model a merge method measures the others against.</summary>
public enum MergeBase
{
    /// <summary>None.</summary>
    None,

    /// <summary>The first model (slerp starts there).</summary>
    FirstModel,

    /// <summary>The nearest common ancestor of the models, by lineage: task vectors need it.</summary>
    CommonAncestor,
}
