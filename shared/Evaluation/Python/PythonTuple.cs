namespace LamdAgent.Evaluation.Python;

/// <summary>A Python tuple.</summary>
internal sealed record PythonTuple(IReadOnlyList<object?> Items);
