using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Adapters;

/// <summary>The adapters during one pass: what a projection gives, changed by B A x.</summary>
internal sealed class AdapterPass(IReadOnlyDictionary<Projection, LoraModule?[]> modules, Tensor[] weights, double dropoutShare, Generator? dropout, int? scoreSlot)
{
    /// <summary>A reward model's head, which trains whole beside the adapters; null for language models.</summary>
    public Tensor? Score => scoreSlot is { } slot ? weights[slot] : null;

    /// <summary>The adapters' matrices in this pass, by slot.</summary>
    public Tensor[] Weights => weights;

    /// <summary>Slots of the matrices that change some projections.</summary>
    public int[] SlotsOf(IEnumerable<Projection> projections) =>
        [.. projections.SelectMany(p => modules.GetValueOrDefault(p) ?? []).OfType<LoraModule>().SelectMany(m => m.Magnitude is { } slot ? new[] { m.A, m.B, slot } : [m.A, m.B])];

    /// <summary>Where the dropout stands; null without dropout.</summary>
    public byte[]? DropoutState()
    {
        using var state = dropout?.get_state();
        return state?.bytes.ToArray();
    }

    /// <summary>The same adapters with other matrices, their dropout as it stood.</summary>
    public AdapterPass Again(int[] slots, List<Tensor> matrices, byte[]? dropoutState)
    {
        var replaced = (Tensor[])weights.Clone();
        for (var i = 0; i < slots.Length; i++)
        {
            replaced[slots[i]] = matrices[i];
        }

        Generator? again = null;
        if (dropoutState is not null)
        {
            again = new Generator(0, dropout!.device);
            using var state = tensor(dropoutState, ScalarType.Byte);
            again.set_state(state);
        }

        return new AdapterPass(modules, replaced, dropoutShare, again, scoreSlot);
    }

    // (N, out) -> (N, out)
    public Tensor Adapt(Projection projection, Tensor input, Tensor output, ForwardPass pass)
    {
        if (!modules.TryGetValue(projection, out var adapted))
        {
            return output;
        }

        if (adapted is [{ } only])
        {
            return output + Change(only, projection, input, output, pass);
        }

        var parts = output.split(projection.Outputs, -1);
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = adapted[i] is { } module ? parts[i] + Change(module, projection, input, parts[i], pass) : parts[i];
        }

        return cat(parts, -1);
    }

    // What is added to the module's output, PEFT's order of operations.
    private Tensor Change(LoraModule module, Projection projection, Tensor input, Tensor output, ForwardPass pass)
    {
        var dropped = Drop(input);
        var low = nn.functional.linear(nn.functional.linear(dropped, weights[module.A]), weights[module.B]) * module.Scale;
        if (module.Magnitude is not { } slot)
        {
            return low;
        }

        var matrix = LoraAdapters.MatrixOf(projection, module, projection.Weight(pass));
        var scale = (weights[slot] / LoraAdapters.Norms(matrix, weights[module.A], weights[module.B], module.Scale)).to(output.dtype);
        var plain = ReferenceEquals(dropped, input) && !projection.HasBias ? output : nn.functional.linear(dropped, matrix);
        return ((scale - 1) * plain) + (scale * low);
    }

    // Every module draws its own mask, as PEFT's modules do.
    private Tensor Drop(Tensor x)
    {
        if (dropout is null || dropoutShare <= 0)
        {
            return x;
        }

        var kept = rand(x.shape, ScalarType.Float32, x.device, generator: dropout).ge(dropoutShare).to(x.dtype);
        return x * (kept / (1 - dropoutShare));
    }
}
