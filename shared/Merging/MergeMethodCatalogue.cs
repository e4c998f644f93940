using LamdAgent.Domain.Configuration;
using LamdAgent.Merging.Methods;
using LamdAgent.Merging.Methods.TaskVectors;

namespace LamdAgent.Merging;

/// <summary>Every merge method there is. A new one is a class in Methods/ and a line here.</summary>
public static class MergeMethodCatalogue
{
    /// <summary>All methods, in the order in which they are listed.</summary>
    public static IReadOnlyList<MergeMethod> All { get; } =
    [
        new LinearMerge(),
        new SlerpMerge(),
        new NuSlerpMerge(),
        new MultiSlerpMerge(),
        new KarcherMerge(),
        new TaskVectorMerge("task_arithmetic", "adds the weighted task vectors to the base", TaskArithmetic, null, election: false, normalize: false, rescale: false),
        new TaskVectorMerge("ties", "trims task vectors by magnitude, elects signs, adds what agrees", Ties, new MagnitudeSparsifier(), election: true, normalize: true, rescale: false),
        new PaperTiesMerge(),
        new TaskVectorMerge("breadcrumbs", "drops the smallest and the largest changes, adds the rest", Breadcrumbs, new OutlierSparsifier(Gamma), election: false, normalize: false, rescale: false),
        new TaskVectorMerge("breadcrumbs_ties", "breadcrumbs with sign election", Breadcrumbs, new OutlierSparsifier(Gamma), election: true, normalize: false, rescale: false),
        new TaskVectorMerge("dare_linear", "drops changes at random, rescales, adds", Dare, new BernoulliSparsifier(), election: false, normalize: false, rescale: true),
        new TaskVectorMerge("dare_ties", "DARE with sign election", Dare, new BernoulliSparsifier(), election: true, normalize: false, rescale: true),
        new TaskVectorMerge("della", "drops small changes more often than large ones, elects signs", Della, new RowRankSparsifier(Epsilon), election: true, normalize: true, rescale: true),
        new TaskVectorMerge("della_linear", "DELLA without election", Della, new RowRankSparsifier(Epsilon), election: false, normalize: false, rescale: true),
        new SceMerge(),
        new ModelStockMerge(),
        new NearSwapMerge(),
        new RamMerge(plus: false),
        new RamMerge(plus: true),
        new ArceeFusionMerge(),
        new PassthroughMerge(),
    ];

    private const string TaskArithmetic = "Ilharco et al., Editing models with task arithmetic, arXiv 2212.04089";
    private const string Ties = "Yadav et al., TIES-Merging, arXiv 2306.01708, in mergekit's form: per tensor, weights before election";
    private const string Breadcrumbs = "Davari and Belilovsky, Model Breadcrumbs, arXiv 2312.06795";
    private const string Dare = "Yu et al., Language models are super Mario (DARE), arXiv 2311.03099";
    private const string Della = "Deep et al., DELLA-Merging, arXiv 2406.11617";

    // What mergekit's configurations may say without an effect: int8_mask saves memory there, embed_slerp belonged to an older tokenizer_source.
    private static readonly string[] Inert = ["int8_mask", "embed_slerp"];

    private static MergeParameter Gamma => new("gamma", MergeParameterKind.Number, true, 0.01, 0, 1, [], "share of the largest changes that is dropped");

    private static MergeParameter Epsilon => new("epsilon", MergeParameterKind.Number, true, 0.15, 0, 1, [], "how far the keep probabilities spread around density");

    /// <summary>The method of a name, or null.</summary>
    public static MergeMethod? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(m => m.Name)];

    /// <summary>Whether any method has a parameter of this name: then it is ignored where it does nothing, instead of being a mistake.</summary>
    internal static bool KnowsParameter(string name) => Inert.Contains(name, StringComparer.Ordinal) || All.Any(m => m.Parameters.Any(p => p.Name == name));

    /// <summary>Ends a message about an unknown parameter.</summary>
    internal static string ParameterHint(string name) => NearestWord.Hint(name, All.SelectMany(m => m.Parameters).Select(p => p.Name).Concat(Inert));
}
