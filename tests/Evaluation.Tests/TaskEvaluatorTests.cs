using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Tests.Support;
using LamdAgent.TestKit;

namespace LamdAgent.Evaluation.Tests;

public sealed class TaskEvaluatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Score_is_the_mean_with_its_standard_error()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nprompt:\n  text: '{{q}}'\n", Rows(4));
        var result = TaskEvaluator.Evaluate(new ScriptedModel(request => request.Prompt.Text == "q0" ? "a0" : "?"), task, EvaluationSplit.Validation);

        // Scores 1, 0, 0, 0: mean 1/4, sample variance (9/16 + 3/16) / 3 = 1/4, error (1/2) / 2.
        result.Score.ShouldBe(0.25);
        result.StandardError.ShouldBe(0.25);
        result.Count.ShouldBe(4);
        result.Metric.ShouldBe("exact_match");
        result.Samples.Select(sample => sample.Response.GetString()).ShouldBe(["a0", "?", "?", "?"]);
    }

    [Fact]
    public void Answers_are_cut_at_stop_strings_before_grading()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nstop: ['Q:']\nprompt:\n  text: 'Q: {{q}} A:'\n", Rows(1));
        var model = new ScriptedModel(_ => " a0\nQ: next");
        TaskEvaluator.Evaluate(model, task, EvaluationSplit.Validation).Score.ShouldBe(1);
        model.Requests[0].Stop.ShouldBe(["Q:"]);
        model.Requests[0].Prompt.Text.ShouldBe("Q: q0 A:");
    }

    [Fact]
    public void Messages_and_tools_of_the_row_reach_the_model()
    {
        var row = """{"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f"}],"answer":"ho"}""";
        var task = Task("task: t\nversion: 1\ngrader: exact_match\ntest: rows.jsonl\n", row);
        var model = new ScriptedModel(_ => "ho");
        TaskEvaluator.Evaluate(model, task, EvaluationSplit.Test).Score.ShouldBe(1);
        model.Requests[0].Prompt.Messages!.Value.GetArrayLength().ShouldBe(1);
        model.Requests[0].Prompt.Tools!.Value.GetRawText().ShouldBe("""[{"name":"f"}]""");
    }

    [Fact]
    public void A_row_that_shows_the_answer_is_refused_with_its_line()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\ntest: rows.jsonl\n",
            """{"messages":[{"role":"user","content":"hi"}],"answer":"ho"}""",
            """{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}],"answer":"ho"}""");
        Should.Throw<InvalidInputException>(() => TaskEvaluator.Evaluate(new ScriptedModel(_ => "ho"), task, EvaluationSplit.Test)).Message.ShouldContain("rows.jsonl:2:");
    }

    [Fact]
    public void A_model_that_fails_gives_no_score()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nprompt:\n  text: '{{q}}'\n", Rows(2));
        Should.Throw<IOException>(() => TaskEvaluator.Evaluate(new ScriptedModel(_ => throw new IOException()), task, EvaluationSplit.Validation));
    }

    [Fact]
    public void Few_shot_examples_are_repeatable_and_never_the_question_itself()
    {
        const string yaml = "task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nfewshot: rows.jsonl\nnum_fewshot: 3\nprompt:\n  text: 'Q: {{q}}'\n  target: '{{answer}}'\n";
        var task = Task(yaml, Rows(6));
        var model = new ScriptedModel(_ => "");
        TaskEvaluator.Evaluate(model, task, EvaluationSplit.Validation);
        for (var i = 0; i < 6; i++)
        {
            var blocks = model.Requests[i].Prompt.Text!.Split("\n\n");
            blocks.Length.ShouldBe(4);
            blocks[3].ShouldBe($"Q: q{i}");
            blocks[..3].ShouldNotContain($"Q: q{i} a{i}");
            blocks[..3].Distinct().Count().ShouldBe(3);
        }

        var limited = new ScriptedModel(_ => "");
        TaskEvaluator.Evaluate(limited, task, EvaluationSplit.Validation, new EvaluationOptions { Limit = 2 });
        limited.Requests.Select(request => request.Prompt.Text).ShouldBe(model.Requests.Take(2).Select(request => request.Prompt.Text));
    }

    [Fact]
    public void A_limit_is_written_into_the_protocol()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nprompt:\n  text: '{{q}}'\n", Rows(4));
        var result = TaskEvaluator.Evaluate(new ScriptedModel(_ => "a0"), task, EvaluationSplit.Validation, new EvaluationOptions { Limit = 1 });
        (result.Count, result.Available, result.Score, result.StandardError).ShouldBe((1, 4, 1.0, null));
        result.Protocol.ShouldBe("lamd-eval-1; first 1");
        TaskEvaluator.CacheKey("m", task, EvaluationSplit.Validation, new EvaluationOptions { Limit = 1 })
            .ShouldNotBe(TaskEvaluator.CacheKey("m", task, EvaluationSplit.Validation));
    }

    [Fact]
    public void Samples_can_be_graded_again()
    {
        var task = Task("task: t\nversion: 1\ngrader: exact_match\nvalidation: rows.jsonl\nprompt:\n  text: '{{q}}'\n", Rows(3));
        var result = TaskEvaluator.Evaluate(new ScriptedModel(request => request.Prompt.Text == "q1" ? "a1" : "?"), task, EvaluationSplit.Validation);
        EvaluationReport.Write(_folder["out"], [result]);
        var (count, metrics) = SavedAnswers.Grade(task.Grader, _folder["out", "samples_t.jsonl"], _folder["again.jsonl"]);
        count.ShouldBe(3);
        metrics["exact_match"].Value.ShouldBe(result.Score);
        using var summary = JsonDocument.Parse(File.ReadAllText(_folder["out", "results.json"]));
        summary.RootElement.GetProperty("tasks")[0].GetProperty("score").GetDouble().ShouldBe(result.Score);
    }

    private static string[] Rows(int count) => [.. Enumerable.Range(0, count).Select(i => $$"""{"q":"q{{i}}","answer":"a{{i}}"}""")];

    private EvaluationTask Task(string yaml, params string[] rows)
    {
        File.WriteAllText(_folder["task.yaml"], yaml);
        File.WriteAllLines(_folder["rows.jsonl"], rows);
        return EvaluationTask.Load(_folder["task.yaml"]);
    }
}
