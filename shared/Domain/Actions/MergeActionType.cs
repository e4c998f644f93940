namespace LamdAgent.Domain.Actions;

/// <summary>
/// What a search must know about a merge method: how many models, which base, which parameters. Names and meaning are mergekit's
/// (<c>weight</c>, <c>density</c>, <c>t</c>, <c>lambda</c> ...); the maths is in the merging room.
/// </summary>
public sealed record MergeActionType
{
    /// <summary>Name of the method.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for the agent.</summary>
    public required string Description { get; init; }

    /// <summary>Which model the others are measured against.</summary>
    public required MergeBase Base { get; init; }

    /// <summary>Most models that it takes; 2 for those that interpolate between two.</summary>
    public int MaxModels { get; init; } = 8;

    /// <summary>Parameters given per model: a number for all of them, or a list with one per model; each may be a gradient over the layers.</summary>
    public IReadOnlyList<MergeParameter> PerModel { get; init; } = [];

    /// <summary>Parameters of the method as a whole.</summary>
    public IReadOnlyList<MergeParameter> MethodWide { get; init; } = [];

    /// <summary>All methods that a search may use. <c>passthrough</c> (stacking layers) is left out: it makes models that must be trained before they work.</summary>
    public static IReadOnlyList<MergeActionType> All { get; } = Create();

    /// <summary>The method of this name, or null.</summary>
    public static MergeActionType? Find(string name) => All.FirstOrDefault(t => t.Name == name);

    private static MergeActionType[] Create()
    {
        var weight = new MergeParameter("weight", -10, 10, "1.0");
        var density = new MergeParameter("density", 0, 1);
        var normalize = MergeParameter.Flag("normalize");
        var rescale = MergeParameter.Flag("rescale");
        var lambda = new MergeParameter("lambda", -10, 10);
        var t = new MergeParameter("t", 0, 1, "0.5");
        MergeParameter[] sparse = [normalize, rescale, lambda];

        return
        [
            new() { Name = "linear", Description = "weighted average of the weights", Base = MergeBase.None, PerModel = [weight], MethodWide = [normalize] },
            new() { Name = "slerp", Description = "spherical interpolation from the first model (t=0) to the second (t=1)", Base = MergeBase.FirstModel, MaxModels = 2, MethodWide = [t] },
            new() { Name = "nuslerp", Description = "spherical interpolation by weights", Base = MergeBase.None, MaxModels = 2, PerModel = [weight], MethodWide = [MergeParameter.Flag("nuslerp_flatten"), MergeParameter.Flag("nuslerp_row_wise")] },
            new() { Name = "multislerp", Description = "weighted mean on the sphere of several models", Base = MergeBase.None, PerModel = [weight], MethodWide = [MergeParameter.Flag("normalize_weights"), new("eps", 0, 1)] },
            new() { Name = "karcher", Description = "Riemannian mean of several models", Base = MergeBase.None, MethodWide = [MergeParameter.Count("max_iter", 10000), new("tol", 0, 1)] },
            new() { Name = "task_arithmetic", Description = "adds what each model learned since the common ancestor", Base = MergeBase.CommonAncestor, PerModel = [weight], MethodWide = [normalize, lambda] },
            new() { Name = "ties", Description = "task vectors trimmed to their largest entries, signs elected, the agreeing ones averaged", Base = MergeBase.CommonAncestor, PerModel = [weight, density], MethodWide = sparse },
            new() { Name = "ties_paper", Description = "TIES as in its paper: trimmed over the whole task vector, signs elected before weighting", Base = MergeBase.CommonAncestor, PerModel = [weight, density with { Kind = MergeParameterKind.Number }], MethodWide = [lambda] },
            new() { Name = "dare_linear", Description = "task vectors randomly thinned and rescaled, then added", Base = MergeBase.CommonAncestor, PerModel = [weight, density], MethodWide = sparse },
            new() { Name = "dare_ties", Description = "task vectors randomly thinned and rescaled, signs elected", Base = MergeBase.CommonAncestor, PerModel = [weight, density], MethodWide = sparse },
            new() { Name = "della", Description = "task vectors thinned with a probability by magnitude, signs elected", Base = MergeBase.CommonAncestor, PerModel = [weight, density, new("epsilon", 0, 1)], MethodWide = sparse },
            new() { Name = "della_linear", Description = "task vectors thinned with a probability by magnitude, then added", Base = MergeBase.CommonAncestor, PerModel = [weight, density, new("epsilon", 0, 1)], MethodWide = sparse },
            new() { Name = "breadcrumbs", Description = "task vectors without their largest and smallest entries, added", Base = MergeBase.CommonAncestor, PerModel = [weight, density, new("gamma", 0, 1)], MethodWide = sparse },
            new() { Name = "breadcrumbs_ties", Description = "task vectors without their largest and smallest entries, signs elected", Base = MergeBase.CommonAncestor, PerModel = [weight, density, new("gamma", 0, 1)], MethodWide = sparse },
            new() { Name = "sce", Description = "task vectors selected by variance, weighted by their size, signs elected", Base = MergeBase.CommonAncestor, MethodWide = [new("select_topk", 0, 1)] },
            new() { Name = "model_stock", Description = "average drawn towards the common ancestor by the angle between the task vectors", Base = MergeBase.CommonAncestor, MethodWide = [MergeParameter.Flag("filter_wise")] },
            new() { Name = "ram", Description = "changes of one model only kept in full, shared ones averaged", Base = MergeBase.CommonAncestor, MethodWide = [new("epsilon", 0, 1)] },
            new() { Name = "ramplus_tl", Description = "ram with the changes of one model only enlarged", Base = MergeBase.CommonAncestor, MethodWide = [new("epsilon", 0, 1), new("r", 0, 10), new("alpha", 0, 10)] },
            new() { Name = "nearswap", Description = "moves the first model to the second where they are near", Base = MergeBase.FirstModel, MaxModels = 2, MethodWide = [t] },
            new() { Name = "arcee_fusion", Description = "takes the most important changes of the second model into the first", Base = MergeBase.FirstModel, MaxModels = 2 },
        ];
    }
}
