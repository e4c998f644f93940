using System.Globalization;
using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Planning;

/// <summary>
/// What a tensor's name tells, for every architecture that numbers its layers: the layer, and whether it is the embedding or the output layer, whose rows
/// are tokens.
/// </summary>
internal static class TensorNames
{
    private static readonly string[] LayerWords = ["layers", "h", "blocks", "layer"];
    private static readonly string[] EmbeddingEnds = ["embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight"];
    private static readonly string[] HeadEnds = ["lm_head.weight", "lm_head.bias", "embed_out.weight"];
    private static readonly string[] PositionEnds = ["wpe.weight", "embed_positions.weight"];

    /// <summary>Splits <c>model.layers.3.mlp.up_proj.weight</c> into what stands before the number, the number, and what follows; null outside the layers.</summary>
    public static (string Prefix, int Layer, string Suffix)? SplitLayer(string name)
    {
        var parts = name.Split('.');
        for (var i = 1; i < parts.Length - 1; i++)
        {
            if (LayerWords.Contains(parts[i - 1], StringComparer.Ordinal) && int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
            {
                return (string.Join('.', parts[..i]) + ".", layer, "." + string.Join('.', parts[(i + 1)..]));
            }
        }

        return null;
    }

    /// <summary>
    /// What stands before every name but the output layer's in models of a type, whose first checkpoints were saved without it: GPT-2's <c>transformer.</c>.
    /// Null where names are always whole.
    /// </summary>
    public static string? OmittedPrefix(string modelType, IEnumerable<string> names) =>
        modelType == "gpt2" && !names.Any(n => n.StartsWith("transformer.", StringComparison.Ordinal)) ? "transformer." : null;

    /// <summary>Where a layer stands in a gradient over this many.</summary>
    public static double Position(int layer, int layers) => layers == 1 ? 1 : layer / (double)(layers - 1);

    /// <summary>Whether its rows are tokens of the input.</summary>
    public static bool IsEmbedding(string name) => EndsWith(name, EmbeddingEnds);

    /// <summary>Whether its rows are tokens of the output.</summary>
    public static bool IsHead(string name) => EndsWith(name, HeadEnds);

    /// <summary>Whether it comes before the layers, and so belongs to the first slice.</summary>
    public static bool IsBeforeLayers(string name) => IsEmbedding(name) || EndsWith(name, PositionEnds) || name.Contains("embed_norm", StringComparison.Ordinal) || name.Contains("embeddings.", StringComparison.Ordinal);

    /// <summary>Buffers that old checkpoints carry and every loader computes afresh: rotary frequencies and attention masks.</summary>
    public static bool IsBuffer(SafetensorsTensor tensor) =>
        tensor.Name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)
        || tensor.Name.EndsWith("attn.masked_bias", StringComparison.Ordinal)
        || (tensor.Name.EndsWith(".attn.bias", StringComparison.Ordinal) && tensor.Shape.Count == 4);

    private static bool EndsWith(string name, string[] ends) =>
        Array.Exists(ends, end => name.EndsWith(end, StringComparison.Ordinal) && (name.Length == end.Length || name[^(end.Length + 1)] == '.'));
}
