using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Hosting.Steps;

/// <summary>What came of a stage: one of the nested cases.</summary>
public abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    /// <summary>Called when the store has accepted this outcome: nobody will have to go on with the work, so what was kept for that can be deleted. Not called when it was refused.</summary>
    public Action? Accepted { get; init; }

    /// <summary>A training or merge made a model, which is in the artifact store.</summary>
    /// <param name="Model">The model.</param>
    public sealed record Produced(ProducedModel Model) : StepOutcome;

    /// <summary>The model has scores.</summary>
    /// <param name="Evaluation">The evaluation in full; its seconds are filled in by the worker.</param>
    public sealed record Scored(EvaluationRecord Evaluation) : StepOutcome;

    /// <summary>An expected failure.</summary>
    /// <param name="Failure">Its kind and reason.</param>
    public sealed record Failed(StepFailure Failure) : StepOutcome;
}
