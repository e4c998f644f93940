using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>A generated answer with everything the loss wants to know about it.</summary>
internal sealed record Rollout
{
    public required PromptRow Prompt { get; init; }

    /// <summary>New tokens, the stop token included.</summary>
    public required int[] Completion { get; init; }

    /// <summary>Whether a stop token ended it.</summary>
    public required bool Stopped { get; init; }

    public double Advantage { get; set; }

    /// <summary>Log-probabilities of its tokens when it was generated; null when only the step itself uses it.</summary>
    public float[]? OldLogps { get; set; }

    /// <summary>Log-probabilities under the reference.</summary>
    public float[]? RefLogps { get; set; }

    /// <summary>Prompts and answers as one batch.</summary>
    public static TargetBatch BatchOf(IEnumerable<Rollout> rollouts) => TargetBatch.FromCompletions([.. rollouts.Select(r => new PromptedAnswer(r.Prompt.PromptIds, r.Completion))]);
}
