using LamdAgent.Checkpoints;

namespace LamdAgent.Merging;

/// <summary>
/// Whether models can be merged at all, told from their configs alone: the rule by which a search leaves merges out before they are tried. What a config cannot tell
/// (names and shapes of tensors) <see cref="MergeEngine.Check"/> finds out. That task-vector methods (<see cref="MergeMethod.UsesTaskVectors"/>) also need a
/// common ancestor is a matter of lineage.
/// </summary>
public static class MergeCompatibility
{
    /// <summary>The first thing in which a model differs from the first of them, in a sentence; null when they fit together.</summary>
    public static string? FindProblem(IReadOnlyList<(string Id, ModelConfig Config)> models)
    {
        foreach (var (id, config) in models.Skip(1))
        {
            var (firstId, first) = models[0];
            foreach (var (what, ours, theirs) in Aspects(first, config))
            {
                if (ours != theirs)
                {
                    return $"{firstId} and {id} cannot be merged: their {what} differ ({ours} and {theirs})";
                }
            }
        }

        return null;
    }

    private static IEnumerable<(string What, string Ours, string Theirs)> Aspects(ModelConfig a, ModelConfig b) =>
    [
        ("architectures", a.ModelType, b.ModelType),
        ("numbers of layers", $"{a.NumHiddenLayers}", $"{b.NumHiddenLayers}"),
        ("hidden sizes", $"{a.HiddenSize}", $"{b.HiddenSize}"),
        ("inner sizes", $"{a.IntermediateSize}", $"{b.IntermediateSize}"),
        ("heads", $"{a.NumAttentionHeads}/{a.NumKeyValueHeads}x{a.HeadDim}", $"{b.NumAttentionHeads}/{b.NumKeyValueHeads}x{b.HeadDim}"),
        ("vocabulary sizes", $"{a.VocabSize}", $"{b.VocabSize}"),
    ];
}
