namespace LamdAgent.Tokenization.Datasets;

/// <summary>What becomes of a row with more tokens than fit. Answers are never cut: a cut answer teaches to stop in the middle, or not at all.</summary>
public enum OverlongPolicy
{
    /// <summary>It is an error that names the row.</summary>
    Error,

    /// <summary>The row is left out and counted in the report.</summary>
    Drop,

    /// <summary>Rows of plain text are cut into several that follow each other, so that nothing is lost; other rows are an error.</summary>
    Split,
}
