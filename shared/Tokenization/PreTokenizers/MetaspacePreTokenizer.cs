using LamdAgent.Tokenization.Patterns;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>SentencePiece's: spaces become "▁", one is put in front (by the scheme), and each begins a new piece if <paramref name="split"/>.</summary>
internal sealed class MetaspacePreTokenizer(string replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    private static readonly Pattern Space = Pattern.Literal(" ");
    private readonly Pattern mark = Pattern.Literal(replacement);

    public void Split(AlignedText piece, List<AlignedText> output)
    {
        piece = piece.Replace(Space.Matches(piece.Text), replacement);
        var wanted = scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.AtStart);
        if (wanted && !piece.IsContinuation && !piece.Text.StartsWith(replacement, StringComparison.Ordinal))
        {
            piece = piece.Prepend(replacement);
        }

        if (split)
        {
            Splitter.Split(piece, mark.Matches(piece.Text), SplitBehavior.MergedWithNext, invert: false, output);
        }
        else
        {
            output.Add(piece);
        }
    }
}
