using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>
/// Grade-school maths with an exact number as the answer, as lm-evaluation-harness grades it (<c>tasks/gsm8k</c>, version 3): three task variants,
/// each with a strict and a flexible way to find the number. The verdict holds all of them; the option <c>variant</c> (<c>gsm8k</c>, default,
/// <c>gsm8k_cot</c> or <c>gsm8k_cot_llama</c>) says which one gives the metrics <c>strict-match</c> and <c>flexible-extract</c>.
/// </summary>
public sealed class Gsm8kGrader : IGrader
{
    private const string Strict = "strict-match";
    private const string Flexible = "flexible-extract";
    private const string Invalid = "[invalid]";

    private static readonly Regex FlexibleNumber = PythonRegex.Create(@"(-?[$0-9.,]{2,})|(-?[0-9]+)");

    private static readonly Variant[] Variants =
    [
        new("gsm8k", PythonRegex.Create(@"#### (\-?[0-9\.\,]+)"), Last: false),
        new("gsm8k_cot", PythonRegex.Create(@"The answer is (\-?[0-9\.\,]+)."), Last: false),
        new("gsm8k_cot_llama", PythonRegex.Create(@"The final answer is ((-?[$0-9.,]{2,})|(-?[0-9]+))"), Last: true),
    ];

    private static readonly Regex[] Ignored =
    [
        PythonRegex.Create(","), PythonRegex.Create(@"\$"), PythonRegex.Create("(?s).*#### "), PythonRegex.Create(@"\.$"),
    ];

    private readonly string _variant;

    /// <summary>Reads the options.</summary>
    public Gsm8kGrader(ConfigMapping? options)
    {
        _variant = options?.Optional("variant")?.AsOneOf([.. Variants.Select(variant => variant.Name)]) ?? "gsm8k";
        options?.RejectUnknownKeys();
    }

    /// <inheritdoc />
    public string Name => "gsm8k";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = [Strict, Flexible];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var text = JsonFields.ResponseText(response);
        var gold = Normalise(item.RequiredText("answer"));
        var fields = new JsonObject();
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var variant in Variants)
        {
            var filters = new JsonObject();
            fields[variant.Name] = filters;
            foreach (var (filter, regex, last) in new[] { (Strict, variant.Regex, variant.Last), (Flexible, FlexibleNumber, true) })
            {
                var extracted = Extract(regex, text, last);
                var score = Normalise(extracted) == gold ? 1 : 0;
                filters[filter] = new JsonObject { ["extracted"] = extracted, ["exact_match"] = score };
                if (variant.Name == _variant)
                {
                    metrics[filter] = score;
                }
            }
        }

        return new Verdict(fields, metrics);
    }

    // The harness takes the first group that matched something.
    private static string Extract(Regex regex, string text, bool last)
    {
        var matches = regex.Matches(text);
        if (matches.Count == 0)
        {
            return Invalid;
        }

        var match = matches[last ? matches.Count - 1 : 0];
        var group = match.Groups.Values.Skip(1).FirstOrDefault(group => group.Length > 0);
        return group is null ? Invalid : PythonText.Strip(group.Value);
    }

    private static string Normalise(string text)
    {
        foreach (var regex in Ignored)
        {
            text = regex.Replace(text, "");
        }

        return PythonText.Lower(text);
    }

    private sealed record Variant(string Name, Regex Regex, bool Last);
}
