using System.Globalization;
using System.Text;

namespace LamdAgent.Tokenization.Unicode;

/// <summary>
/// NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15). The product runs with invariant globalization, where <see cref="string.Normalize()"/> gives
/// back its input unchanged, so the data are carried along.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, HangulCount = LeadCount * VowelCount * TrailCount;

    private static readonly Lazy<NormalizationData> Data = new(NormalizationData.Read);

    /// <summary>Normalizes and keeps, for each UTF-16 unit of the result, the range of the source that it came from.</summary>
    public static AlignedText Normalize(AlignedText text, NormalizationForm form)
    {
        // Below U+0300 nothing composes, and what has no canonical decomposition stays.
        if (Ascii.IsValid(text.Text) || (form == NormalizationForm.FormC && !text.Text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')))
        {
            return text;
        }

        var compose = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        var decomposed = Decompose(text.Text, form is NormalizationForm.FormKC or NormalizationForm.FormKD);
        if (compose)
        {
            Compose(decomposed);
        }

        var builder = new StringBuilder(text.Text.Length);
        var tracked = text.IsTracked;
        var starts = new List<int>();
        var ends = new List<int>();
        foreach (var (codePoint, start, end) in decomposed)
        {
            var before = builder.Length;
            CodePoints.Append(builder, codePoint);
            for (var i = before; tracked && i < builder.Length; i++)
            {
                starts.Add(text.Starts![start]);
                ends.Add(text.Ends![end - 1]);
            }
        }

        return new AlignedText(builder.ToString(), tracked ? [.. starts] : null, tracked ? [.. ends] : null, text.AtStart);
    }

    /// <summary>The short form for text whose origin does not matter.</summary>
    public static string Normalize(string text, NormalizationForm form) => Normalize(new AlignedText(text, null, null, true), form).Text;

    private static List<(int CodePoint, int Start, int End)> Decompose(string text, bool compatibility)
    {
        var data = Data.Value;
        var result = new List<(int CodePoint, int Start, int End)>(text.Length);
        Span<int> one = stackalloc int[1];
        for (var i = 0; i < text.Length;)
        {
            var codePoint = CodePoints.At(text, i, out var length);
            if (codePoint is >= HangulBase and < HangulBase + HangulCount)
            {
                var index = codePoint - HangulBase;
                result.Add((LeadBase + (index / (VowelCount * TrailCount)), i, i + length));
                result.Add((VowelBase + (index % (VowelCount * TrailCount) / TrailCount), i, i + length));
                if (index % TrailCount != 0)
                {
                    result.Add((TrailBase + (index % TrailCount), i, i + length));
                }
            }
            else
            {
                one[0] = codePoint;
                var parts = data.Decomposition(codePoint, compatibility) ?? one;
                foreach (var part in parts)
                {
                    Insert(result, data, (part, i, i + length));
                }
            }

            i += length;
        }

        return result;
    }

    // Canonical ordering: marks are sorted by combining class as they come, stably.
    private static void Insert(List<(int CodePoint, int Start, int End)> result, NormalizationData data, (int CodePoint, int Start, int End) item)
    {
        var combiningClass = data.CombiningClass(item.CodePoint);
        var at = result.Count;
        if (combiningClass != 0)
        {
            while (at > 0 && data.CombiningClass(result[at - 1].CodePoint) > combiningClass)
            {
                at--;
            }
        }

        result.Insert(at, item);
    }

    private static void Compose(List<(int CodePoint, int Start, int End)> items)
    {
        var data = Data.Value;
        var starter = -1;
        var lastClass = -1;
        var write = 0;
        for (var read = 0; read < items.Count; read++)
        {
            var item = items[read];
            var combiningClass = data.CombiningClass(item.CodePoint);
            if (starter >= 0 && (lastClass < combiningClass || lastClass == -1) && Composite(data, items[starter].CodePoint, item.CodePoint) is int composite)
            {
                items[starter] = (composite, Math.Min(items[starter].Start, item.Start), Math.Max(items[starter].End, item.End));
                continue;
            }

            if (combiningClass == 0)
            {
                starter = write;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }

            items[write++] = item;
        }

        items.RemoveRange(write, items.Count - write);
    }

    private static int? Composite(NormalizationData data, int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + LeadCount && second is >= VowelBase and < VowelBase + VowelCount)
        {
            return HangulBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
        }

        if (first is >= HangulBase and < HangulBase + HangulCount && (first - HangulBase) % TrailCount == 0 && second is > TrailBase and < TrailBase + TrailCount)
        {
            return first + second - TrailBase;
        }

        return data.Composition(first, second);
    }

    /// <summary>Whether a code point is a mark (what StripAccents takes away).</summary>
    public static bool IsMark(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
