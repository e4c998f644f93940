using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>How rows become tokens.</summary>
public sealed record DatasetOptions
{
    /// <summary>Longest row in tokens (prompt and answer together).</summary>
    /// <value>Default null: no limit.</value>
    public int? MaxLength { get; init; }

    /// <summary>What becomes of rows that are longer.</summary>
    /// <value>Default <see cref="OverlongPolicy.Error"/>.</value>
    public OverlongPolicy Overlong { get; init; } = OverlongPolicy.Error;

    /// <summary>Whether rows of prompt and completion train on the completion only (TRL's <c>completion_only_loss</c>).</summary>
    /// <value>Default true.</value>
    public bool CompletionOnlyLoss { get; init; } = true;

    /// <summary>Whether conversations train on the assistant's turns only (TRL's <c>assistant_only_loss</c>, whose own default is false).</summary>
    /// <value>Default true.</value>
    public bool AssistantOnlyLoss { get; init; } = true;

    /// <summary>Which of the assistant's turns train.</summary>
    /// <value>Default <see cref="AssistantTurns.All"/>.</value>
    public AssistantTurns AssistantTurns { get; init; } = AssistantTurns.All;

    /// <summary>The template conversations are written with.</summary>
    /// <value>Default null: the tokenizer's own.</value>
    public ChatTemplate? ChatTemplate { get; init; }

    /// <summary>Stop at the first row with a problem; otherwise leave such rows out and list them in the report (what <c>lamd data check</c> does).</summary>
    /// <value>Default true.</value>
    public bool StopAtFirstProblem { get; init; } = true;
}
