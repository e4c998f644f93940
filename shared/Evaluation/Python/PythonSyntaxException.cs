namespace LamdAgent.Evaluation.Python;

/// <summary>A text is not a Python expression, or not one that a tool-call decoder accepts. Never leaves this room: graders turn it into a verdict.</summary>
internal sealed class PythonSyntaxException(string message) : Exception(message);
