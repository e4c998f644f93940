namespace LamdAgent.Modeling.Architectures;

/// <summary>Where the norms of a layer stand; a branch is the attention or the feed-forward part.</summary>
public enum NormPlacement
{
    /// <summary>x + branch(norm(x)): Llama and most others.</summary>
    BeforeBranch,

    /// <summary>x + norm(branch(x)): OLMo 2.</summary>
    AfterBranch,

    /// <summary>x + norm(branch(norm(x))): Gemma 2 and 3.</summary>
    AroundBranch,
}
