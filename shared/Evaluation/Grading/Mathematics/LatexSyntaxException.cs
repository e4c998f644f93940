namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>A text is not LaTeX that the reference's parser reads; such an answer equals nothing. Never leaves this room.</summary>
internal sealed class LatexSyntaxException(string message) : Exception(message);
