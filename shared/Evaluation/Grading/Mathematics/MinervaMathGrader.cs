using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>
/// MATH as lm-evaluation-harness's <c>minerva_math</c> grades it (metric <c>exact_match</c>): the final answer and the last box of the solution are
/// normalised, parsed as LaTeX and must be equal as mathematics. There is no short cut for equal texts: intervals and tuples do not parse and score 0.
/// The reference asks a computer algebra system; see <see cref="LatexEquality"/> for what stands in for it. Rows that give <c>answer</c> instead of
/// <c>solution</c> test the comparison alone.
/// </summary>
public sealed class MinervaMathGrader : IGrader
{
    /// <inheritdoc />
    public string Name => "minerva_math";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["exact_match"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var text = JsonFields.ResponseText(response);
        if (item.At("solution") is null)
        {
            var (given, gold) = (MinervaAnswer.Normalise(text), MinervaAnswer.Normalise(item.RequiredText("answer")));
            var equal = LatexEquality.AreEqual(given, gold);
            return Verdict.Only(new JsonObject
            {
                ["normalized"] = given,
                ["normalized_gold"] = gold,
                ["is_equiv"] = equal,
                ["same_normalized_text"] = given == gold,
                ["needs_symbolic_algebra"] = equal && given != gold,
            });
        }

        var answer = MinervaAnswer.Normalise(BoxedAnswer.Gold(item.RequiredText("solution")));
        var extracted = MinervaAnswer.Extract(text);
        var normalised = MinervaAnswer.Normalise(extracted);
        var score = LatexEquality.AreEqual(normalised, answer) ? 1 : 0;
        return new Verdict(
            new JsonObject { ["gold"] = answer, ["extracted"] = extracted, ["normalized"] = normalised, ["exact_match"] = score },
            new Dictionary<string, double> { ["exact_match"] = score });
    }
}
