using System.Globalization;
using System.Text;
using LamdAgent.Tokenization.Loading;
using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.PreTokenizers;

namespace LamdAgent.Tokenization.Decoders;

/// <summary>Makes the decoder that a <c>tokenizer.json</c> declares: a chain of steps from token texts to token texts, joined at the end.</summary>
internal static class DecoderReader
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static Func<List<string>, List<string>> Read(JsonSection section)
    {
        var type = section.Type();
        Func<List<string>, List<string>> decoder = type switch
        {
            "Sequence" => Sequence([.. section.Items("decoders").Select(Read)]),
            "ByteLevel" => ByteLevel(section),
            "Replace" => Replace(section),
            "ByteFallback" => ByteFallback,
            "Fuse" => static tokens => [string.Concat(tokens)],
            "Strip" => Strip(section),
            "Metaspace" => Metaspace(section),
            "BPEDecoder" => WordEnds(section.OptionalString("suffix") ?? "</w>"),
            _ => throw section.Error($"the decoder '{type}' is not supported"),
        };
        section.RejectUnknown();
        return decoder;
    }

    /// <summary>UTF-8 whose bad sequences become U+FFFD each (the maximal subpart rule, the same in .NET and Rust).</summary>
    public static List<string> ByteLevel(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            ByteAlphabet.Decode(token, bytes);
        }

        return [Encoding.UTF8.GetString(bytes.ToArray())];
    }

    private static Func<List<string>, List<string>> ByteLevel(JsonSection section)
    {
        section.Ignore("add_prefix_space", "trim_offsets", "use_regex");
        return ByteLevel;
    }

    private static Func<List<string>, List<string>> Sequence(Func<List<string>, List<string>>[] steps) =>
        tokens => steps.Aggregate(tokens, static (current, step) => step(current));

    private static Func<List<string>, List<string>> Replace(JsonSection section)
    {
        var pattern = section.Pattern("pattern");
        var content = section.String("content");
        return tokens => [.. tokens.Select(token => AlignedText.Of(token, tracked: false).Replace(pattern.Matches(token), content).Text)];
    }

    private static List<string> ByteFallback(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (var token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                run.Add(b);
                continue;
            }

            Flush();
            result.Add(token);
        }

        Flush();
        return result;

        void Flush()
        {
            if (run.Count == 0)
            {
                return;
            }

            try
            {
                result.Add(Strict.GetString(run.ToArray()));
            }
            catch (DecoderFallbackException)
            {
                result.AddRange(Enumerable.Repeat("\uFFFD", run.Count));
            }

            run.Clear();
        }
    }

    private static Func<List<string>, List<string>> Strip(JsonSection section)
    {
        var content = section.String("content");
        var (start, stop) = (section.Int("start"), section.Int("stop"));
        if (content.Length != 1)
        {
            throw section.Error("'content' is one character");
        }

        return tokens => [.. tokens.Select(token =>
        {
            var (from, to) = (0, token.Length);
            while (from < start && from < token.Length && token[from] == content[0])
            {
                from++;
            }

            while (token.Length - to < stop && to > from && token[to - 1] == content[0])
            {
                to--;
            }

            return token[from..to];
        })];
    }

    private static Func<List<string>, List<string>> Metaspace(JsonSection section)
    {
        section.Ignore("str_rep", "split");
        var replacement = section.String("replacement");
        var scheme = PreTokenizerReader.Scheme(section);
        return tokens => [.. tokens.Select((token, i) => token.Replace(replacement, i == 0 && scheme != PrependScheme.Never ? "" : " ", StringComparison.Ordinal))];
    }

    private static Func<List<string>, List<string>> WordEnds(string suffix) =>
        tokens => [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];
}
