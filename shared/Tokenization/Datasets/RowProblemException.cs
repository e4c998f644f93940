namespace LamdAgent.Tokenization.Datasets;

/// <summary>A row cannot be used; the reader turns it into an error with file and line, or into an entry of the report.</summary>
internal sealed class RowProblemException(DatasetProblemKind kind, string message) : Exception(message)
{
    public DatasetProblemKind Kind { get; } = kind;
}
