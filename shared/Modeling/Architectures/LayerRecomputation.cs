using LamdAgent.Modeling.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Activation recomputation (Chen et al., 2016, arXiv 1604.06174): a layer keeps its input only and is computed once more when its gradients are wanted. Costs about a third more
/// computing and saves the activations of all layers but one. Dropout draws the same masks again: the generator's state is kept with the input.
/// </summary>
internal sealed class LayerRecomputation : autograd.MultiTensorFunction<LayerRecomputation>
{
    public override string Name => nameof(LayerRecomputation);

    /// <summary>The layer's output, (N, D) -> (N, D).</summary>
    public static Tensor Run(DecoderLayer layer, Tensor x, ForwardPass pass)
    {
        if (!is_grad_enabled())
        {
            return layer.Forward(x, pass);
        }

        var (slots, adapterSlots) = (layer.Slots.ToArray(), pass.Adapters?.SlotsOf(layer.Projections) ?? []);
        object[] arguments = [new Call(layer, pass, slots, adapterSlots, pass.Adapters?.DropoutState()), x, .. slots.Select(s => pass.Weights[s]), .. adapterSlots.Select(s => pass.Adapters!.Weights[s])];
        return apply(arguments)[0];
    }

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        ctx.save_data(nameof(Call), call);
        ctx.save_for_backward([.. vars.OfType<Tensor>()]);
        using var scope = NewDisposeScope();
        return [call.Layer.Forward((Tensor)vars[1], call.Pass).MoveToOuterDisposeScope()];
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        using var scope = NewDisposeScope();
        var call = (Call)ctx.get_data(nameof(Call));
        var inputs = ctx.get_saved_variables().ConvertAll(t => t.detach().requires_grad_(t.requires_grad));
        var weights = (Tensor[])call.Pass.Weights.Clone();
        for (var i = 0; i < call.Slots.Length; i++)
        {
            weights[call.Slots[i]] = inputs[1 + i];
        }

        var adapters = call.Pass.Adapters?.Again(call.AdapterSlots, inputs.GetRange(1 + call.Slots.Length, call.AdapterSlots.Length), call.Dropout);
        using var grad = enable_grad();
        var y = call.Layer.Forward(inputs[0], call.Pass.With(weights, adapters));
        var wanted = inputs.FindAll(t => t.requires_grad);
        var found = autograd.grad([y], wanted, [grad_outputs[0]], allow_unused: true);
        var next = 0;
        var gradients = new Tensor?[1 + inputs.Count];
        for (var i = 0; i < inputs.Count; i++)
        {
            gradients[1 + i] = inputs[i].requires_grad ? found[next++].MoveToOuterDisposeScope() : null;
        }

        grad_outputs[0].Dispose();
        return ReturnedGradients.Hand(gradients);
    }

    private sealed record Call(DecoderLayer Layer, ForwardPass Pass, int[] Slots, int[] AdapterSlots, byte[]? Dropout);
}
