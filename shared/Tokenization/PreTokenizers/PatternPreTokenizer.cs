using LamdAgent.Tokenization.Patterns;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Cuts at the matches of a pattern.</summary>
internal sealed class PatternPreTokenizer(Pattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public void Split(AlignedText piece, List<AlignedText> output) => Splitter.Split(piece, pattern.Matches(piece.Text), behavior, invert, output);
}
