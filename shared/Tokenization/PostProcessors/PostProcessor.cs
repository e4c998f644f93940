using LamdAgent.Tokenization.Loading;

namespace LamdAgent.Tokenization.PostProcessors;

/// <summary>The ids that are put before and after the tokens of one text.</summary>
internal sealed record PostProcessor(int[] Before, int[] After)
{
    public static readonly PostProcessor None = new([], []);

    public static PostProcessor Read(JsonSection section)
    {
        var type = section.Type();
        var processor = type switch
        {
            "Sequence" => section.Items("processors").Select(Read).Aggregate(None, static (sum, next) => new PostProcessor([.. next.Before, .. sum.Before], [.. sum.After, .. next.After])),
            "TemplateProcessing" => Template(section),
            "ByteLevel" => Nothing(section),
            "BertProcessing" or "RobertaProcessing" => ClassifierAndSeparator(section),
            _ => throw section.Error($"the post-processor '{type}' is not supported"),
        };
        section.RejectUnknown();
        return processor;
    }

    // It only moves offsets.
    private static PostProcessor Nothing(JsonSection section)
    {
        section.Ignore("add_prefix_space", "trim_offsets", "use_regex");
        return None;
    }

    private static PostProcessor ClassifierAndSeparator(JsonSection section)
    {
        section.Ignore("trim_offsets", "add_prefix_space");
        return new PostProcessor([section.PairId("cls")], [section.PairId("sep")]);
    }

    private static PostProcessor Template(JsonSection section)
    {
        section.Ignore("pair");
        var special = section.Section("special_tokens");
        var before = new List<int>();
        var after = new List<int>();
        var seen = false;
        foreach (var item in section.Items("single"))
        {
            if (item.OptionalSection("SpecialToken") is { } token)
            {
                var id = token.String("id");
                var ids = special.OptionalSection(id) is { } entry ? entry.Ints("ids") : throw section.Error($"the special token '{id}' is not declared in special_tokens");
                (seen ? after : before).AddRange(ids);
            }
            else if (item.OptionalSection("Sequence") is { } sequence && sequence.String("id") == "A" && !seen)
            {
                seen = true;
            }
            else
            {
                throw section.Error("a template of one sequence holds special tokens and one sequence 'A'");
            }
        }

        return seen ? new PostProcessor([.. before], [.. after]) : throw section.Error("the template of one sequence does not hold it");
    }
}
