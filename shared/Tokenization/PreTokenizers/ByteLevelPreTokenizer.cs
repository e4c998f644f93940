using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.Patterns;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>GPT-2's: cuts by its own pattern (unless told not to) and writes each UTF-8 byte as one printable character.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly Lazy<Pattern> Gpt2 = new(static () =>
        Pattern.Regex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"));

    public void Split(AlignedText piece, List<AlignedText> output)
    {
        if (addPrefixSpace && !piece.IsContinuation && !piece.Text.StartsWith(' '))
        {
            piece = piece.Prepend(" ");
        }

        if (!useRegex)
        {
            output.Add(ByteAlphabet.Encode(piece));
            return;
        }

        var before = output.Count;
        Splitter.Split(piece, Gpt2.Value.Matches(piece.Text), SplitBehavior.Isolated, invert: false, output);
        for (var i = before; i < output.Count; i++)
        {
            output[i] = ByteAlphabet.Encode(output[i]);
        }
    }
}
