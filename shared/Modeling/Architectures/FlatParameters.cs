using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// All parameters of a model (or of its adapters) in one flat tensor. The optimizer updates <see cref="Master"/> and reads <see cref="Gradient"/>, each one
/// tensor whatever the number of parameters; the decoder computes with views of it.
/// <para>
/// Training in bfloat16 keeps the master in float32: the cast to the compute dtype is part of the graph, one operation over the buffer, and so is
/// the split into slots, whose backward pass gathers all gradients in one concatenation. So the gradient arrives as float32, and micro-batches add up in float32.
/// </para>
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private Tensor[]? fixedSlots;

    internal FlatParameters(ParameterLayout layout, ScalarType storage, ScalarType compute, Device device)
    {
        Layout = layout;
        ComputeDtype = compute;
        Master = zeros(layout.Length, storage, device).DetachFromDisposeScope();
    }

    /// <summary>What lies where.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Every parameter, [Layout.Length]; float32 when training, the compute dtype when loaded for inference. Change it in place under <c>no_grad</c>, then call <see cref="Changed"/>.</summary>
    public Tensor Master { get; }

    /// <summary>The dtype the decoder computes in.</summary>
    public ScalarType ComputeDtype { get; }

    /// <summary>Whether gradients are taken.</summary>
    public bool Trainable
    {
        get => Master.requires_grad;
        set
        {
            Master.requires_grad = value;
            Changed();
        }
    }

    /// <summary>Sum of the gradients since the last <see cref="ClearGradient"/>, [Layout.Length] in the master's dtype; null before the first backward pass. The caller disposes it or lets its scope do so.</summary>
    public Tensor? Gradient => Master.grad;

    /// <summary>Forgets the gradient; its memory is freed.</summary>
    public void ClearGradient()
    {
        using var gradient = Master.grad;
        if (gradient is not null)
        {
            Master.grad = null;
        }
    }

    /// <summary>Must be called after <see cref="Master"/> was changed, so that computing copies are made anew.</summary>
    public void Changed()
    {
        foreach (var slot in fixedSlots ?? [])
        {
            slot.Dispose();
        }

        fixedSlots = null;
    }

    /// <summary>A view of a piece in its shape on disk; belongs to the caller's scope.</summary>
    public Tensor View(ParameterPiece piece)
    {
        using var flat = Master.detach();
        using var part = flat.narrow(0, piece.Offset, piece.Length);
        return part.view([.. piece.Shape]);
    }

    /// <summary>The piece of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public ParameterPiece Piece(string name) =>
        Layout.Pieces.FirstOrDefault(p => p.Name == name) ?? throw new KeyNotFoundException($"no parameter is called {name}");

    /// <summary>
    /// The slots to compute with. While gradients are taken they are part of the graph and belong to the caller's scope; otherwise they are kept here until
    /// the master changes.
    /// </summary>
    internal Tensor[] Bind()
    {
        if (Trainable && is_grad_enabled())
        {
            return Slots(Master);
        }

        if (fixedSlots is null)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            fixedSlots = Slots(Master);
            foreach (var slot in fixedSlots)
            {
                slot.DetachFromDisposeScope();
            }
        }

        return fixedSlots;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Changed();
        ClearGradient();
        Master.Dispose();
    }

    private Tensor[] Slots(Tensor flat)
    {
        var compute = flat.to(ComputeDtype);
        var parts = compute.split(Layout.SlotLengths);
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i].view(Layout.SlotShape(i));
        }

        return parts;
    }
}
