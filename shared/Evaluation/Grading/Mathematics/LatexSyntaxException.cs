namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>A text is not LaTeX that the reference's parser reads; such an answer equals nothing. Never leaves this room.</summary>
internal sealed class LatexSyntaxException(string message, bool isFinal = false) : Exception(message)
{
    /// <summary>Whether it is an error whatever stands before it; otherwise the reference takes what it has read so far.</summary>
    public bool IsFinal { get; } = isFinal;
}
