using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>What the GRPO family's losses read besides the policy's log-probabilities; token values are ragged, <c>[M]</c>.</summary>
public sealed record GrpoBatch
{
    /// <summary>Layout of the answers.</summary>
    public required CompletionLayout Layout { get; init; }

    /// <summary>One number per answer, <c>[R]</c>.</summary>
    public required Tensor Advantages { get; init; }

    /// <summary>Log-probabilities when the answers were generated; null: those of now, so that every ratio is 1 but has a gradient.</summary>
    public Tensor? OldLogps { get; init; }

    /// <summary>Log-probabilities under the reference model, for the KL term.</summary>
    public Tensor? RefLogps { get; init; }

    /// <summary>1 where a token was written by the model, 0 for tool output and answers left out; null: all count.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Entropy of each token's distribution, for the entropy mask and bonus.</summary>
    public Tensor? Entropies { get; init; }

    /// <summary>Correction for the difference between the sampler's and the trainer's probabilities, per token <c>[M]</c> or per answer <c>[R, 1]</c> spread to tokens.</summary>
    public Tensor? ImportanceSamplingRatio { get; init; }

    /// <summary>Completion tokens of the whole optimizer step, all micro-batches.</summary>
    public double NumItemsInBatch { get; init; }

    /// <summary>G: micro-batches of the optimizer step; 1 in evaluation.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Only for dr_grpo: the constant length it divides by.</summary>
    public int MaxCompletionLength { get; init; }
}
