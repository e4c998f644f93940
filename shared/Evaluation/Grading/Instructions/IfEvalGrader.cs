using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// IFEval: verifiable instructions, graded as lm-evaluation-harness does. Strict takes the answer as it is; loose also accepts it without its first or
/// last line and without asterisks, and each instruction may pass on another of these texts. An empty answer follows nothing.
/// </summary>
public sealed class IfEvalGrader : IGrader
{
    private static readonly string[] PromptLevel = ["prompt_level_strict_acc", "prompt_level_loose_acc"];
    private static readonly string[] InstructionLevel = ["inst_level_strict_acc", "inst_level_loose_acc"];

    /// <inheritdoc />
    public string Name => "ifeval";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var text = JsonFields.ResponseText(response);
        var instructions = item.RequiredTexts("instruction_id_list");
        var arguments = item.RequiredList("kwargs");
        if (instructions.Count != arguments.Count)
        {
            throw new InvalidInputException($"{instructions.Count} instructions, but {arguments.Count} 'kwargs'");
        }

        var strict = new bool[instructions.Count];
        var loose = new bool[instructions.Count];
        var variants = Variants(text);
        for (var i = 0; i < instructions.Count; i++)
        {
            var given = new InstructionArguments(instructions[i], arguments[i]);
            strict[i] = Follows(instructions[i], text, given);
            loose[i] = strict[i] || variants.Exists(variant => Follows(instructions[i], variant, given));
        }

        var fields = new JsonObject
        {
            ["prompt_level_strict_acc"] = Array.TrueForAll(strict, yes => yes),
            ["inst_level_strict_acc"] = new JsonArray([.. strict.Select(yes => (JsonNode)yes)]),
            ["prompt_level_loose_acc"] = Array.TrueForAll(loose, yes => yes),
            ["inst_level_loose_acc"] = new JsonArray([.. loose.Select(yes => (JsonNode)yes)]),
        };
        return new Verdict(fields, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["prompt_level_strict_acc"] = Array.TrueForAll(strict, yes => yes) ? 1 : 0,
            ["inst_level_strict_acc"] = strict.Average(yes => yes ? 1.0 : 0.0),
            ["prompt_level_loose_acc"] = Array.TrueForAll(loose, yes => yes) ? 1 : 0,
            ["inst_level_loose_acc"] = loose.Average(yes => yes ? 1.0 : 0.0),
        });
    }

    /// <summary>The prompt level is the mean over prompts, the instruction level the mean over all instructions of all prompts.</summary>
    public IReadOnlyDictionary<string, MetricValue> Aggregate(IReadOnlyList<GradedItem> items)
    {
        var result = new Dictionary<string, MetricValue>(MetricMeans.Of(PromptLevel, items), StringComparer.Ordinal);
        foreach (var name in InstructionLevel)
        {
            result[name] = MetricMeans.Of([.. items.SelectMany(item => item.Verdict.Fields![name]!.AsArray()).Select(node => node!.GetValue<bool>() ? 1.0 : 0.0)]);
        }

        return result;
    }

    private static bool Follows(string instruction, string text, InstructionArguments arguments)
    {
        // Checked even for an empty text, so that an item that cannot be graded is found whatever the model says.
        var follows = InstructionChecks.Follows(instruction, text, arguments);
        return follows && PythonText.Strip(text).Length > 0;
    }

    private static List<string> Variants(string text)
    {
        var lines = text.Split('\n');
        var withoutFirst = PythonText.Strip(string.Join('\n', lines.Skip(1)));
        var withoutLast = PythonText.Strip(string.Join('\n', lines.SkipLast(1)));
        var withoutBoth = PythonText.Strip(string.Join('\n', lines.Skip(1).SkipLast(1)));
        string[] texts = [text, withoutFirst, withoutLast, withoutBoth];
        return [.. texts.Concat(texts.Select(one => one.Replace("*", "", StringComparison.Ordinal))).Where(one => PythonText.Strip(one).Length > 0)];
    }
}
