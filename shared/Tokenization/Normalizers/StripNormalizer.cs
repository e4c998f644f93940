using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Normalizers;

/// <summary>Takes white space off the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        var (start, end) = (0, text.Text.Length);
        while (left && start < end && CodePoints.IsWhiteSpace(text.Text[start]))
        {
            start++;
        }

        while (right && end > start && CodePoints.IsWhiteSpace(text.Text[end - 1]))
        {
            end--;
        }

        return text.Slice(start, end) with { AtStart = text.AtStart };
    }
}
