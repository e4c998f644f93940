using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// ACEBench's checks (<c>eval_main.py</c>, <c>model_eval/checker.py</c>) for the categories <c>normal*</c> (single turn) and <c>special_*</c>
/// (incomplete, error, irrelevant). Agent categories are refused.
/// </summary>
public sealed class AceGrader : IGrader
{
    /// <inheritdoc />
    public string Name => "tool_calls_ace";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["acc"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var category = item.RequiredText("category");
        var text = JsonFields.ResponseText(response);
        var truth = item.Required("ground_truth");
        if (category.Contains("special", StringComparison.Ordinal))
        {
            return ToolCallVerdict.Of(Special(category, PythonValues.FromJson(truth) as PythonDict ?? throw new InvalidInputException("'ground_truth' must be an object"), text), null);
        }

        if (!category.StartsWith("normal", StringComparison.Ordinal))
        {
            throw new InvalidInputException($"category '{category}' is not covered: normal and special only");
        }

        if (PythonToolCalls.DecodeAce(text) is not { } calls)
        {
            return ToolCallVerdict.Of(false, "wrong_output_format");
        }

        // With several accepted answers the first one's error is reported.
        string? error = null;
        foreach (var candidate in truth.ValueKind == JsonValueKind.Array ? item.RequiredList("ground_truth") : [truth])
        {
            var problem = AceCallChecker.Check(item.RequiredList("functions"), calls, candidate);
            if (problem is null)
            {
                return ToolCallVerdict.Of(true, null);
            }

            error ??= problem;
        }

        return ToolCallVerdict.Of(false, error ?? throw new InvalidInputException("'ground_truth' is empty"));
    }

    private static bool Special(string category, PythonDict truth, string text)
    {
        bool Has(object? part) => text.Contains(PythonValues.Str(part), StringComparison.Ordinal);
        bool HasAll(object? values) => values is List<object?> list ? list.TrueForAll(Has) : values is not string word || word.All(c => Has(c.ToString()));
        if (category.Contains("incomplete", StringComparison.Ordinal))
        {
            return truth.Items.All(pair => Has("Missing necessary parameters") && Has(pair.Key) && HasAll(pair.Value));
        }

        if (category.Contains("error", StringComparison.Ordinal))
        {
            return truth.Items.All(pair => Has("There is incorrect value") && HasAll(pair.Value));
        }

        return category.Contains("irrelevant", StringComparison.Ordinal)
            ? Has("the limitations of the function")
            : throw new InvalidInputException($"category '{category}' is not covered");
    }
}
