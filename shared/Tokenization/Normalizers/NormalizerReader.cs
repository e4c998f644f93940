using System.Text;
using System.Text.Json;
using LamdAgent.Tokenization.Loading;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Normalizers;

/// <summary>Makes the normalizer that a <c>tokenizer.json</c> declares.</summary>
internal static class NormalizerReader
{
    public static INormalizer Read(JsonSection section)
    {
        var type = section.Type();
        INormalizer normalizer = type switch
        {
            "Sequence" => new SequenceNormalizer([.. section.Items("normalizers").Select(Read)]),
            "NFC" => new StepNormalizer(static text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormC)),
            "NFD" => new StepNormalizer(static text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormD)),
            "NFKC" => new StepNormalizer(static text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormKC)),
            "NFKD" => new StepNormalizer(static text => UnicodeNormalizer.Normalize(text, NormalizationForm.FormKD)),
            "Lowercase" => new MapNormalizer(Lower),
            "StripAccents" => new MapNormalizer(static c => UnicodeNormalizer.IsMark(c) ? "" : null),
            "Strip" => new StripNormalizer(section.Bool("strip_left"), section.Bool("strip_right")),
            "Prepend" => Prepend(section.String("prepend")),
            "Replace" => Replace(section),
            _ => throw section.Error($"the normalizer '{type}' is not supported"),
        };
        section.RejectUnknown();
        return normalizer;
    }

    private static StepNormalizer Prepend(string prefix) => new(text => text.Text.Length == 0 || text.IsContinuation ? text : text.Prepend(prefix));

    private static StepNormalizer Replace(JsonSection section)
    {
        var pattern = section.Pattern("pattern");
        var content = section.String("content");
        return new StepNormalizer(text => text.Replace(pattern.Matches(text.Text), content));
    }

    // The one letter whose lower case is two code points.
    private static string? Lower(int codePoint)
    {
        if (codePoint == 0x130)
        {
            return "i̇";
        }

        if (codePoint is >= 0xD800 and <= 0xDFFF)
        {
            return null;
        }

        var lower = Rune.ToLowerInvariant(new Rune(codePoint));
        return lower.Value == codePoint ? null : lower.ToString();
    }
}
