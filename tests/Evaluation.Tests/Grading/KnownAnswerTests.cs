using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Tests.Support;

namespace LamdAgent.Evaluation.Tests.Grading;

/// <summary>
/// Each grader on answers whose worth is known beforehand: the perfect one scores 1, an empty one, a constant and hostile ones score 0, and what is
/// no answer at all is an error, not a mark.
/// </summary>
public sealed class KnownAnswerTests
{
    private const string Weather = """{"calls":[{"name":"weather","arguments":{"city":"Oslo","days":2}}]}""";

    public static TheoryData<string, string, string> Perfect => new()
    {
        { "exact_match", """{"answer":"Blue whale"}""", "Blue whale" },
        { "exact_match", """{"answer":["yes","Yes."]}""", " Yes.\n" },
        { "gsm8k", """{"answer":"9 * 2 = 18\n#### 18"}""", "She makes 18.\n#### 18" },
        { "tool_calls_json", Weather, """{"name": "weather", "arguments": {"days": 2.0, "city": "Oslo"}}""" },
        { "tool_calls_json", Weather, "<tool_call>\n{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}\n</tool_call>" },
        { "tool_calls_json", """{"calls":{"name":"now","arguments":{}}}""", """[{"name":"now","arguments":{}}]""" },
    };

    public static TheoryData<string, string, string> Wrong
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            (string Grader, string Item, string[] Hostile)[] graders =
            [
                ("exact_match", """{"answer":"Blue whale"}""",
                    ["Blue whale or a shark", "blue whale", "Blue whale\nBlue whale", "The answer is Blue whale", "Blue  whale", "*", ".*", "Blue whale\0"]),
                ("gsm8k", """{"answer":"9 * 2 = 18\n#### 18"}""",
                    ["#### 17 #### 18", "#### 018", "####18", "#### \uff11\uff18", "#### 1 8", "#### -18", "#### 18.0", "#### 180"]),
                ("tool_calls_json", Weather,
                [
                    """{"name":"weather","arguments":{"city":"Oslo"}}""", """{"name":"weather","arguments":{"city":"Oslo","days":2,"unit":"C"}}""",
                    """{"name":"weather","arguments":{"city":"Oslo","days":"2"}}""", """{"name":"weather","arguments":{"city":"oslo","days":2}}""",
                    """{"name":"Weather","arguments":{"city":"Oslo","days":2}}""", """{"name":"weather","arguments":{"city":"Rome","city":"Oslo","days":2}}""",
                    """Sure: {"name":"weather","arguments":{"city":"Oslo","days":2}}""", """{"name":"weather","arguments":{"city":"Oslo","days":2}""",
                    """[{"name":"weather","arguments":{"city":"Oslo","days":2}},{"name":"weather","arguments":{"city":"Oslo","days":2}}]""",
                    """[{"name":"weather","arguments":{"city":"Oslo","days":2}},{"name":"weather","arguments":{"city":"Rome","days":2}}]""",
                    """{"name":"weather","arguments":{"city":"Oslo","days":2},"calls":[]}""", "[]", "{}", "null", "true",
                    "<tool_call>", "<tool_call></tool_call>", """<tool_call>{"name":"weather","arguments":{"city":"Oslo","days":2}}""",
                    """{"name":"weather","arguments":{"city":"\ud800","days":2}}""", Weather, new string('[', 5000),
                ]),
            ];
            foreach (var (grader, item, hostile) in graders)
            {
                foreach (var answer in (string[])["", " \n", "x", "0", "the", "[invalid]", .. hostile])
                {
                    rows.Add(grader, item, answer);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Perfect))]
    public void The_perfect_answer_scores_one(string grader, string item, string answer) => MainMetric(grader, item, Json.Of(answer)).ShouldBe(1);

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Empty_constant_and_hostile_answers_score_zero(string grader, string item, string answer) => MainMetric(grader, item, Json.Of(answer)).ShouldBe(0);

    [Theory]
    [InlineData("exact_match", """{"answer":"a"}""")]
    [InlineData("gsm8k", """{"answer":"#### 1"}""")]
    [InlineData("tool_calls_json", Weather)]
    public void An_answer_that_is_not_there_is_an_error(string grader, string item)
    {
        Should.Throw<InvalidInputException>(() => MainMetric(grader, item, Json.Of(null)));
        Should.Throw<InvalidInputException>(() => MainMetric(grader, item, Json.Of(1)));
        Should.Throw<InvalidInputException>(() => MainMetric(grader, item, default));
    }

    [Theory]
    [InlineData("exact_match", """{"answer":" "}""")]
    [InlineData("exact_match", """{"answer":[]}""")]
    [InlineData("exact_match", """{"other":"a"}""")]
    [InlineData("gsm8k", "{}")]
    [InlineData("tool_calls_json", """{"calls":[]}""")]
    [InlineData("tool_calls_json", """{"calls":{"name":"a"}}""")]
    public void An_item_without_an_expectation_is_an_error(string grader, string item) =>
        Should.Throw<InvalidInputException>(() => MainMetric(grader, item, Json.Of("a")));

    private static double MainMetric(string grader, string item, JsonElement response)
    {
        var judge = GraderCatalogue.Create(grader);
        return judge.Grade(Json.Parse(item), response).Metrics[judge.Metrics[0]];
    }
}
