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

    private const string Bfcl = """
        {"category":"simple","functions":[{"name":"weather","parameters":{"type":"dict","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}],
         "possible_answer":[{"weather":{"city":["Oslo"],"days":[2]}}]}
        """;

    private const string Ace = """
        {"category":"normal","functions":[{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}],
         "ground_truth":{"weather":{"city":"Oslo"}}}
        """;

    private const string Solution = """{"solution":"So $\\boxed{\\frac{1}{2}}$."}""";

    public static TheoryData<string, string, string> Perfect => new()
    {
        { "tool_calls_bfcl", Bfcl, "[weather(city='Oslo', days=2)]" },
        { "tool_calls_ace", Ace, "[weather(city=\"Oslo\")]" },
        { "hendrycks_math", Solution, @"$\frac12$" },
        { "minerva_math", Solution, @"Final Answer: The final answer is $0.5$. I hope it is correct." },
        { "triviaqa", """{"aliases":["Paris"]}""", " paris\n" },
        { "squad", """{"golds":["the Eiffel Tower"]}""", "Eiffel tower." },
        { "ifeval", """{"instruction_id_list":["startend:quotation","punctuation:no_comma"],"kwargs":[{},{}]}""", "\"Fine.\"" },
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
            graders =
            [
                .. graders,
                ("tool_calls_bfcl", Bfcl,
                [
                    "weather(city='Oslo')", "weather(city='Oslo', days=2), weather(city='Oslo', days=2)", "weather('Oslo', 2)", "weather(city='Oslo', days=True)",
                    "weather(city='Oslo', days=2, days2=2)", "__import__('os').system('true')", "weather(city=open('x').read(), days=2)", "[weather(city='Oslo', days=2",
                    "weather(city=['Oslo'], days=2)", "weather(**{'city': 'Oslo', 'days': 2})", "weather(city='Oslo', days=9**9**9**9)", new string('(', 3000), new string('-', 3000) + "1",
                ]),
                ("tool_calls_ace", Ace, ["weather(city='Oslo')", "[weather(city='Rome')]", "[weather()]", "[weather(city='Oslo', x=1)]", "[[weather(city='Oslo')]]", "[", "]["]),
                ("hendrycks_math", Solution, [@"\boxed{\frac{1}{2}}", "$1$ or $1/2$", "$", "$$", @"\frac", @"\sqrt"]),
                ("minerva_math", Solution,
                [
                    "Final Answer: The final answer is $1$. I hope it is correct.", "Final Answer: The final answer is $x$. I hope it is correct.",
                    "Final Answer: The final answer is $(1/2)(1/0)$. I hope it is correct.", "1/2", $"Final Answer: The final answer is ${new string('(', 3000)}$. I hope it is correct.",
                    "Final Answer: The final answer is $9^{9^{9^9}}$. I hope it is correct.", "Final Answer: The final answer is $[1/2,1/2]$. I hope it is correct.",
                ]),
                ("triviaqa", """{"aliases":["Paris"]}""", ["Paris or Rome", "London, Paris", "Par is", "aliases"]),
                ("squad", """{"golds":["the Eiffel Tower"]}""", ["the", "tower", "Eiffel Tower Eiffel Tower", "a b c d e Eiffel Tower"]),
                ("ifeval", """{"instruction_id_list":["startend:quotation","punctuation:no_comma"],"kwargs":[{},{}]}""", ["\"", "\"a, b\"", "a\""]),
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
    [InlineData("tool_calls_bfcl", Bfcl)]
    [InlineData("tool_calls_ace", Ace)]
    [InlineData("hendrycks_math", Solution)]
    [InlineData("minerva_math", Solution)]
    [InlineData("triviaqa", """{"aliases":["Paris"]}""")]
    [InlineData("squad", """{"golds":["a b"]}""")]
    [InlineData("ifeval", """{"instruction_id_list":["startend:quotation"],"kwargs":[{}]}""")]
    [InlineData("text_overlap", """{"reference":"a b"}""")]
    [InlineData("multiple_choice", """{"choices":["a","b"],"gold":0}""")]
    [InlineData("perplexity", """{"text":"a b"}""")]
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

    [Theory]
    [InlineData("ifeval", """{"instruction_id_list":["keywords:frequency"],"kwargs":[{"keyword":"a","frequency":0,"relation":"at least"}]}""")]
    [InlineData("ifeval", """{"instruction_id_list":["keywords:nothing"],"kwargs":[{}]}""")]
    [InlineData("ifeval", """{"instruction_id_list":["keywords:existence"],"kwargs":[{"keywords":["("]}]}""")]
    [InlineData("tool_calls_bfcl", """{"category":"java","functions":[],"possible_answer":[]}""")]
    [InlineData("tool_calls_ace", """{"category":"agent_multi_turn","functions":[],"ground_truth":{}}""")]
    [InlineData("minerva_math", """{"solution":"no box"}""")]
    public void An_item_that_cannot_be_graded_is_an_error(string grader, string item) =>
        Should.Throw<InvalidInputException>(() => MainMetric(grader, item, Json.Of("[a(b=1)]")));

    [Fact]
    public void Multiple_choice_scores_one_zero_and_nothing()
    {
        const string item = """{"choices":["the right one","b"],"gold":0}""";
        MainMetric("multiple_choice", item, Json.Parse("""{"loglikelihoods":[-1,-2],"is_greedy":[true,false]}""")).ShouldBe(1);
        MainMetric("multiple_choice", item, Json.Parse("""{"loglikelihoods":[-2,-1],"is_greedy":[false,true]}""")).ShouldBe(0);
        Should.Throw<InvalidInputException>(() => MainMetric("multiple_choice", item, Json.Parse("""{"loglikelihoods":[-1],"is_greedy":[true]}""")));
        Should.Throw<InvalidInputException>(() => MainMetric("multiple_choice", item, Json.Parse("""{"loglikelihoods":["a","b"],"is_greedy":[true,true]}""")));
    }

    [Fact]
    public void Text_overlap_of_the_reference_is_full_and_of_silence_none()
    {
        var judge = GraderCatalogue.Create("text_overlap");
        var item = Json.Of(new { reference = "The cat sat on the mat today." });
        var scores = new[] { "The cat sat on the mat today.", "", "x" }.Select(answer => judge.Aggregate([new GradedItem(item, Json.Of(answer), judge.Grade(item, Json.Of(answer)))])).ToList();
        scores[0]["bleu"].Value.ShouldBe(100, 1e-9);
        (scores[0]["chrf"].Value, scores[0]["ter"].Value, scores[0]["rougeL"].Value).ShouldBe((100, 0, 1));
        foreach (var none in scores[1..])
        {
            (none["bleu"].Value, none["chrf"].Value, none["ter"].Value, none["rougeL"].Value).ShouldBe((0, 0, 100, 0));
        }
    }

    private static double MainMetric(string grader, string item, JsonElement response)
    {
        var judge = GraderCatalogue.Create(grader);
        return judge.Grade(Json.Parse(item), response).Metrics[judge.Metrics[0]];
    }
}
