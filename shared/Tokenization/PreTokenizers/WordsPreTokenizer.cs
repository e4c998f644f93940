using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>"Whitespace" of the tokenizers library: runs of word characters, and runs of what is neither word nor white space (<c>\w+|[^\w\s]+</c>).</summary>
internal sealed class WordsPreTokenizer : IPreTokenizer
{
    public void Split(AlignedText piece, List<AlignedText> output)
    {
        var start = 0;
        var kind = 0;
        for (var i = 0; i < piece.Text.Length;)
        {
            var codePoint = CodePoints.At(piece.Text, i, out var length);
            var next = CodePoints.IsWord(codePoint) ? 1 : CodePoints.IsWhiteSpace(codePoint) ? 0 : 2;
            if (next != kind)
            {
                Emit(piece, start, i, kind, output);
                (start, kind) = (i, next);
            }

            i += length;
        }

        Emit(piece, start, piece.Text.Length, kind, output);
    }

    private static void Emit(AlignedText piece, int start, int end, int kind, List<AlignedText> output)
    {
        if (kind != 0 && end > start)
        {
            output.Add(piece.Slice(start, end));
        }
    }
}
