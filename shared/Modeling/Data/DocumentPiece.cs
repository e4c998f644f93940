namespace LamdAgent.Modeling.Data;

/// <summary>Tokens <c>Start .. Start + Length - 1</c> of a document.</summary>
/// <param name="Document">Index of the document.</param>
/// <param name="Start">First token.</param>
/// <param name="Length">Number of tokens.</param>
public readonly record struct DocumentPiece(int Document, int Start, int Length);
