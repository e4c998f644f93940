using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Between a checkpoint's tensors and the flat buffer: which tensor fills which piece, and how each is called and stored, so that saving gives the names, order and types
/// that came. Data moves in slices, so that no second copy of the model exists on the way.
/// </summary>
internal sealed class StoredParameters
{
    private const int SliceElements = 1 << 24;
    private readonly List<(ParameterPiece Piece, string Name, DType DType)> stored;

    private StoredParameters(List<(ParameterPiece Piece, string Name, DType DType)> stored) => this.stored = stored;

    /// <summary>
    /// A checkpoint with an output layer that is not its embedding has one of its own, whatever its config says about tying: transformers 5 does not tie such either.
    /// </summary>
    public static DecoderSpec Untie(Checkpoint checkpoint, DecoderSpec spec) =>
        spec.TiedEmbeddings && checkpoint.Tensors.TryGetValue($"{spec.Names.Output}.weight", out var output) && Embedding(checkpoint, spec) is { } embedding
        && !SameData(output, embedding)
            ? spec with { TiedEmbeddings = false }
            : spec;

    /// <summary>Matches a checkpoint's tensors with the pieces of a layout.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="layout">The pieces.</param>
    /// <param name="spec">What the model is made of.</param>
    /// <param name="newScore">Whether the score head may be missing, because a language model becomes a reward model.</param>
    /// <exception cref="InvalidInputException">A tensor is missing, has another shape, or is not known.</exception>
    public static StoredParameters Match(Checkpoint checkpoint, ParameterLayout layout, DecoderSpec spec, bool newScore = false)
    {
        var wanted = layout.Pieces.ToDictionary(p => p.Name, StringComparer.Ordinal);
        // The oldest files were saved from the model without its output layer, and so without the prefix.
        var prefix = spec.Names.Prefix;
        var bare = !checkpoint.Tensors.Keys.Any(k => k.StartsWith(prefix, StringComparison.Ordinal));
        var matched = new List<(ParameterPiece, string, DType)>();
        // Of a tied pair either may be the one that was stored.
        var outputIsEmbedding = spec.TiedEmbeddings && Embedding(checkpoint, spec) is null;
        foreach (var tensor in checkpoint.InOrder)
        {
            var usual = outputIsEmbedding && tensor.Name == $"{spec.Names.Output}.weight" ? $"{prefix}{spec.Names.Embedding}.weight"
                : bare && !wanted.ContainsKey(tensor.Name) ? prefix + tensor.Name
                : tensor.Name;
            if (!wanted.Remove(usual, out var piece))
            {
                if (!IsIgnored(usual, spec))
                {
                    throw new InvalidInputException(checkpoint.Folder, null, $"the tensor '{tensor.Name}' has no place in a model of type {spec.ModelType} with this config");
                }

                continue;
            }

            if (!piece.Shape.SequenceEqual(tensor.Shape))
            {
                throw new InvalidInputException(checkpoint.Folder, null, $"the tensor '{tensor.Name}' has the shape [{string.Join(", ", tensor.Shape)}], the config asks for [{string.Join(", ", piece.Shape)}]");
            }

            if (!tensor.DType.IsFloat())
            {
                throw new InvalidInputException(checkpoint.Folder, null, $"the tensor '{tensor.Name}' is stored as {tensor.DType.SafetensorsName()}; only F64, F32, F16 and BF16 can be computed with");
            }

            matched.Add((piece, tensor.Name, tensor.DType));
        }

        if (newScore && wanted.Remove(Decoder.ScoreName, out var score))
        {
            matched.Add((score, score.Name, checkpoint.Config.DType));
        }

        return wanted.Count == 0
            ? new StoredParameters(matched)
            : throw new InvalidInputException(checkpoint.Folder, null, $"the checkpoint lacks {wanted.Count} tensors that its config asks for, the first is '{wanted.Keys.Min()}'");
    }

    /// <summary>Usual names, one type, for a model that comes from no checkpoint.</summary>
    public static StoredParameters Usual(ParameterLayout layout, DType dtype) => new([.. layout.Pieces.Select(p => (p, p.Name, dtype))]);

    /// <summary>Fills the buffer.</summary>
    public void Load(Checkpoint checkpoint, Tensor master)
    {
        using var noGrad = no_grad();
        foreach (var (piece, name, dtype) in stored.Where(s => checkpoint.Tensors.ContainsKey(s.Name)))
        {
            var source = checkpoint.Tensors[name];
            for (long done = 0; done < piece.Length; done += SliceElements)
            {
                using var scope = NewDisposeScope();
                var count = (int)Math.Min(SliceElements, piece.Length - done);
                var slice = empty(count, TorchType(dtype));
                source.Slice(done * dtype.ByteSize(), count * dtype.ByteSize()).CopyTo(slice.bytes);
                master.narrow(0, piece.Offset + done, count).copy_(slice);
            }
        }
    }

    /// <summary>Writes the buffer under the names that came.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="master">The buffer.</param>
    /// <param name="dtype">Type of all tensors; null keeps each one's own.</param>
    /// <returns>SHA-256 by file name.</returns>
    public IReadOnlyDictionary<string, string> Save(string folder, Tensor master, DType? dtype)
    {
        using var noGrad = no_grad();
        using var writer = CheckpointWriter.Create(folder, [.. stored.Select(s => new TensorDeclaration(s.Name, dtype ?? s.DType, s.Piece.Shape))]);
        foreach (var (piece, name, own) in stored)
        {
            for (long done = 0; done < piece.Length; done += SliceElements)
            {
                using var scope = NewDisposeScope();
                var slice = master.narrow(0, piece.Offset + done, Math.Min(SliceElements, piece.Length - done));
                writer.Write(name, slice.to(TorchType(dtype ?? own)).cpu().contiguous().bytes);
            }
        }

        return writer.Finish();
    }

    /// <summary>libtorch's word for a float type.</summary>
    public static ScalarType TorchType(DType dtype) => dtype switch
    {
        DType.F64 => ScalarType.Float64,
        DType.F32 => ScalarType.Float32,
        DType.F16 => ScalarType.Float16,
        DType.BF16 => ScalarType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "not a float type"),
    };

    private static SafetensorsTensor? Embedding(Checkpoint checkpoint, DecoderSpec spec) =>
        checkpoint.Tensors.GetValueOrDefault($"{spec.Names.Prefix}{spec.Names.Embedding}.weight") ?? checkpoint.Tensors.GetValueOrDefault($"{spec.Names.Embedding}.weight");

    private static bool SameData(SafetensorsTensor a, SafetensorsTensor b)
    {
        var same = a.DType == b.DType && a.ByteLength == b.ByteLength;
        for (long at = 0; same && at < a.ByteLength; at += SliceElements)
        {
            var count = (int)Math.Min(SliceElements, a.ByteLength - at);
            same = a.Slice(at, count).SequenceEqual(b.Slice(at, count));
        }

        return same;
    }

    // Constants of old files, the copy of the embedding that some tied models carry as an output layer, and the output layer that a reward model leaves behind.
    private static bool IsIgnored(string name, DecoderSpec spec) =>
        ((spec.TiedEmbeddings || spec.HasScoreHead) && name == $"{spec.Names.Output}.weight") || spec.Names.Ignored.Any(end => name.EndsWith(end, StringComparison.Ordinal));
}
