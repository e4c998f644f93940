using System.Globalization;
using LamdAgent.Tokenization.Loading;
using LamdAgent.Tokenization.Patterns;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Makes the pre-tokenizer that a <c>tokenizer.json</c> declares.</summary>
internal static class PreTokenizerReader
{
    public static IPreTokenizer Read(JsonSection section)
    {
        var type = section.Type();
        IPreTokenizer preTokenizer = type switch
        {
            "Sequence" => new SequencePreTokenizer([.. section.Items("pretokenizers").Select(Read)]),
            "ByteLevel" => ByteLevel(section),
            "Split" => new PatternPreTokenizer(section.Pattern("pattern"), Behavior(section, "Isolated"), section.Bool("invert", false)),
            "Metaspace" => Metaspace(section),
            "Digits" => new CodePointPreTokenizer(IsNumeric, section.Bool("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "Punctuation" => new CodePointPreTokenizer(IsPunctuation, Behavior(section, "Isolated")),
            "Whitespace" => new WordsPreTokenizer(),
            "WhitespaceSplit" => new CodePointPreTokenizer(CodePoints.IsWhiteSpace, SplitBehavior.Removed),
            "CharDelimiterSplit" => new PatternPreTokenizer(Pattern.Literal(section.String("delimiter")), SplitBehavior.Removed, false),
            _ => throw section.Error($"the pre-tokenizer '{type}' is not supported"),
        };
        section.RejectUnknown();
        return preTokenizer;
    }

    /// <summary>The scheme of a Metaspace part; old files say <c>add_prefix_space</c> instead.</summary>
    public static PrependScheme Scheme(JsonSection section)
    {
        var prefix = section.Bool("add_prefix_space", true);
        var scheme = section.OptionalString("prepend_scheme") ?? (prefix ? "always" : "never");
        return Enum.TryParse<PrependScheme>(scheme, ignoreCase: true, out var value) ? value : throw section.Error($"the prepend_scheme '{scheme}' is not supported");
    }

    private static ByteLevelPreTokenizer ByteLevel(JsonSection section)
    {
        section.Ignore("trim_offsets");
        return new ByteLevelPreTokenizer(section.Bool("add_prefix_space"), section.Bool("use_regex", true));
    }

    private static MetaspacePreTokenizer Metaspace(JsonSection section)
    {
        section.Ignore("str_rep");
        return new MetaspacePreTokenizer(section.String("replacement"), Scheme(section), section.Bool("split", true));
    }

    private static SplitBehavior Behavior(JsonSection section, string fallback)
    {
        var name = section.OptionalString("behavior") ?? fallback;
        return Enum.TryParse<SplitBehavior>(name, out var behavior) ? behavior : throw section.Error($"the behavior '{name}' is not supported");
    }

    private static bool IsNumeric(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsPunctuation(int codePoint) =>
        codePoint < 0x80
            ? codePoint > 32 && codePoint < 127 && !char.IsAsciiLetterOrDigit((char)codePoint)
            : CharUnicodeInfo.GetUnicodeCategory(codePoint) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;
}
