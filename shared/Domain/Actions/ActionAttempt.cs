namespace LamdAgent.Domain.Actions;

/// <summary>An action, or the reason why the objects do not make one.</summary>
/// <param name="Action">The action; null when there is an error.</param>
/// <param name="Error">One sentence that says what would be right; null when there is an action.</param>
public sealed record ActionAttempt(PipelineAction? Action, string? Error)
{
    /// <summary>An action.</summary>
    public static ActionAttempt Valid(PipelineAction action) => new(action, null);

    /// <summary>A reason.</summary>
    public static ActionAttempt Invalid(string error) => new(null, error);
}
