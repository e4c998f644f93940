using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Cuts at single code points that meet a condition (digits, punctuation, white space).</summary>
internal sealed class CodePointPreTokenizer(Func<int, bool> condition, SplitBehavior behavior) : IPreTokenizer
{
    public void Split(AlignedText piece, List<AlignedText> output)
    {
        var matches = new List<(int Start, int End)>();
        for (var i = 0; i < piece.Text.Length;)
        {
            if (condition(CodePoints.At(piece.Text, i, out var length)))
            {
                matches.Add((i, i + length));
            }

            i += length;
        }

        Splitter.Split(piece, matches, behavior, invert: false, output);
    }
}
