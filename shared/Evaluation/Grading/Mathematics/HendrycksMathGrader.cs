using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>
/// MATH as lm-evaluation-harness grades it (<c>tasks/hendrycks_math</c>): what stands between the first and the last dollar of the answer (all of it
/// when there are fewer than two) against the last box of the solution, by text after normalisation. Rows that give <c>answer</c> instead of
/// <c>solution</c> test the comparison alone, rows with neither the search for the box.
/// </summary>
public sealed class HendrycksMathGrader : IGrader
{
    /// <inheritdoc />
    public string Name => "hendrycks_math";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["exact_match"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var text = JsonFields.ResponseText(response);
        if (item.At("solution") is not null)
        {
            var gold = BoxedAnswer.Gold(item.RequiredText("solution"));
            var (first, last) = (text.IndexOf('$', StringComparison.Ordinal), text.LastIndexOf('$'));
            var score = MathText.Equivalent(first < last ? text[(first + 1)..last] : text, gold) ? 1 : 0;
            return new Verdict(new JsonObject { ["gold"] = gold, ["exact_match"] = score }, new Dictionary<string, double> { ["exact_match"] = score });
        }

        if (item.At("answer") is not null)
        {
            var answer = item.RequiredText("answer");
            return Verdict.Only(new JsonObject
            {
                ["is_equiv"] = MathText.Equivalent(text, answer),
                ["normalized"] = MathText.Normalise(text),
                ["normalized_gold"] = MathText.Normalise(answer),
            });
        }

        return Verdict.Only(new JsonObject { ["last_boxed_only_string"] = BoxedAnswer.Last(text) });
    }
}
