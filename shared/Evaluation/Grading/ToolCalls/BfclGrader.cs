using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// Tool calls by syntax tree as the Berkeley Function-Calling Leaderboard checks them (<c>bfcl_eval/eval_checker/ast_eval/ast_checker.py</c>), Python
/// categories: simple, multiple, parallel, parallel_multiple, irrelevance, relevance, and those with a prefix (<c>live_</c>). Java, JavaScript and
/// multi-turn items are refused.
/// </summary>
public sealed class BfclGrader : IGrader
{
    /// <inheritdoc />
    public string Name => "tool_calls_bfcl";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["acc"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var category = item.RequiredText("category");
        if (category.Contains("java", StringComparison.Ordinal) || category.Contains("multi_turn", StringComparison.Ordinal))
        {
            throw new InvalidInputException($"category '{category}' is not covered: Python, single turn only");
        }

        var calls = PythonToolCalls.DecodeBfcl(JsonFields.ResponseText(response));
        var error = Check(category, item, calls);
        return ToolCallVerdict.Of(error is null, error);
    }

    private static string? Check(string category, JsonElement item, List<(string Name, PythonDict Arguments)>? calls)
    {
        if (category.Contains("relevance", StringComparison.Ordinal))
        {
            var called = calls is { Count: > 0 };
            return category.Contains("irrelevance", StringComparison.Ordinal)
                ? called ? "irrelevance_error:decoder_success" : null
                : called ? null : "relevance_error:decoder_failed";
        }

        if (calls is null)
        {
            return "ast_decoder:decoder_failed";
        }

        var functions = item.RequiredList("functions");
        var answers = item.RequiredList("possible_answer");
        if (category.Contains("parallel", StringComparison.Ordinal))
        {
            return Parallel(functions, calls, answers);
        }

        if (answers.Count == 0)
        {
            throw new InvalidInputException("'possible_answer' is empty");
        }

        if (category.Contains("multiple", StringComparison.Ordinal))
        {
            return calls.Count != answers.Count
                ? "multiple_function_checker:wrong_count"
                : BfclCallChecker.Check(Description(functions, answers[0]), calls[0], answers[0]);
        }

        return calls.Count != 1 ? "simple_function_checker:wrong_count" : BfclCallChecker.Check(functions[0], calls[0], answers[0]);
    }

    private static string? Parallel(IReadOnlyList<JsonElement> functions, List<(string Name, PythonDict Arguments)> calls, IReadOnlyList<JsonElement> answers)
    {
        if (calls.Count != answers.Count)
        {
            return "parallel_function_checker_no_order:wrong_count";
        }

        var open = calls.ToList();
        foreach (var answer in answers)
        {
            var description = Description(functions, answer);
            var match = open.FindIndex(call => BfclCallChecker.Check(description, call, answer) is null);
            if (match < 0)
            {
                return "parallel_function_checker_no_order:cannot_find_match";
            }

            open.RemoveAt(match);
        }

        return null;
    }

    private static JsonElement Description(IReadOnlyList<JsonElement> functions, JsonElement answer)
    {
        var name = BfclCallChecker.Single(answer).Name;
        foreach (var function in functions)
        {
            if (function.RequiredText("name") == name)
            {
                return function;
            }
        }

        throw new InvalidInputException($"the expected function '{name}' is not among 'functions'");
    }
}
