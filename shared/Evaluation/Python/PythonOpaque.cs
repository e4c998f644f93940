namespace LamdAgent.Evaluation.Python;

/// <summary>A literal whose value nobody compares, only its type: bytes, complex numbers, the ellipsis.</summary>
internal sealed record PythonOpaque(string TypeName, string Text);
