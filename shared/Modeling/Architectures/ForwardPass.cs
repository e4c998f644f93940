using LamdAgent.Modeling.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>What the parts of the decoder need to know during one pass over a batch: the weights of this pass, where tokens stand, how they attend.</summary>
internal sealed class ForwardPass
{
    private readonly Dictionary<RopeTable, (float[] Cos, float[] Sin, int[] Rows)> angles = [];
    private readonly Dictionary<RopeTable, (Tensor Cos, Tensor Sin)> rotations = [];

    public required Tensor[] Weights { get; init; }

    public required IAttentionPlan Attention { get; init; }

    /// <summary>Position of every token in its sequence, [N].</summary>
    public required int[] Positions { get; init; }

    /// <summary>For every token the length of its sequence, what is in the cache included, [N]: some rotary frequencies depend on it.</summary>
    public required int[] TextLengths { get; init; }

    public required Device Device { get; init; }

    public AdapterPass? Adapters { get; init; }

    /// <summary>Whether the one-pass kernels may be taken.</summary>
    public bool Fused { get; init; } = true;

    /// <summary>Changes the embedding before the first layer (NEFTune adds noise); null: left as it is.</summary>
    public Func<Tensor, Tensor>? OnEmbedding { get; init; }

    /// <summary>Inputs of every layer and the final hidden states are added here when it is not null.</summary>
    public List<Tensor>? HiddenStates { get; init; }

    /// <summary>Whether each layer keeps its input only and is computed again in the backward pass.</summary>
    public bool Recompute { get; init; }

    /// <summary>The same pass with other weights, for computing a layer again.</summary>
    public ForwardPass With(Tensor[] weights, AdapterPass? adapters)
    {
        var again = new ForwardPass { Weights = weights, Attention = Attention, Positions = Positions, TextLengths = TextLengths, Device = Device, Adapters = adapters, Fused = Fused };
        foreach (var (table, known) in angles)
        {
            again.angles.Add(table, known);
        }

        foreach (var (table, rotation) in rotations)
        {
            again.rotations.Add(table, rotation);
        }

        return again;
    }

    /// <summary>A table's cosines and sines, and the row of each token in them.</summary>
    public (float[] Cos, float[] Sin, int[] Rows) Angles(RopeTable table)
    {
        if (!angles.TryGetValue(table, out var known))
        {
            known = table.For(Positions, TextLengths);
            angles.Add(table, known);
        }

        return known;
    }

    /// <summary>Cosines and sines of the tokens' positions, [N, 1, pairs] float32.</summary>
    public (Tensor Cos, Tensor Sin) Rotation(RopeTable table)
    {
        if (!rotations.TryGetValue(table, out var rotation))
        {
            var (cos, sin, rows) = Angles(table);
            rotation = (Take(cos, rows), Take(sin, rows));
            rotations.Add(table, rotation);
        }

        return rotation;

        Tensor Take(float[] values, int[] rows)
        {
            var pairs = table.RotatedWidth / 2;
            var taken = new float[Positions.Length * pairs];
            for (var i = 0; i < Positions.Length; i++)
            {
                Array.Copy(values, rows[i] * pairs, taken, i * pairs, pairs);
            }

            return tensor(taken, [Positions.Length, 1, pairs], ScalarType.Float32, Device);
        }
    }
}
