namespace LamdAgent.Modeling.Training;

/// <summary>Two answers to one prompt. Cutting may leave them with different parts of it.</summary>
/// <param name="Chosen">The better one.</param>
/// <param name="Rejected">The worse one.</param>
/// <param name="Margin">How much better it is said to be, for reward models.</param>
internal sealed record TrainingPair(PromptedAnswer Chosen, PromptedAnswer Rejected, double? Margin)
{
    /// <summary>Tokens of both sequences.</summary>
    public int Length => Chosen.Length + Rejected.Length;
}
