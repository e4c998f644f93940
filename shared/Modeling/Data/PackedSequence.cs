namespace LamdAgent.Modeling.Data;

/// <summary>A row made of whole or cut documents.</summary>
/// <param name="Pieces">Which tokens of which document, in order. With <c>wrapped</c> packing one piece may run over several documents' borders: see <see cref="SequencePacker"/>.</param>
public sealed record PackedSequence(IReadOnlyList<DocumentPiece> Pieces)
{
    /// <summary>Tokens in the row.</summary>
    public int Length => Pieces.Sum(p => p.Length);
}
