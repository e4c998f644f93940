using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Normalizers;

/// <summary>Replaces single code points: the function gives the replacement, or null to keep the code point.</summary>
internal sealed class MapNormalizer(Func<int, string?> map) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        for (var i = 0; i < text.Text.Length;)
        {
            var codePoint = CodePoints.At(text.Text, i, out var length);
            if (map(codePoint) is { } replacement)
            {
                text = text.Replace([(i, i + length)], replacement);
                i += replacement.Length;
            }
            else
            {
                i += length;
            }
        }

        return text;
    }
}
