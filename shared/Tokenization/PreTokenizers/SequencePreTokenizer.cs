namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Pre-tokenizers one after the other, each on the pieces of the one before.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Split(AlignedText piece, List<AlignedText> output)
    {
        var pieces = new List<AlignedText> { piece };
        foreach (var step in steps)
        {
            var next = new List<AlignedText>(pieces.Count);
            foreach (var one in pieces)
            {
                step.Split(one, next);
            }

            pieces = next;
        }

        output.AddRange(pieces);
    }
}
