using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Evaluation.Tests;

public sealed class EvaluationTaskTests : IDisposable
{
    private const string Valid = "task: words\nversion: 2\ngrader: exact_match\nvalidation: rows.jsonl\ntest: rows.jsonl\n";
    private readonly TemporaryFolder _folder = new();

    public EvaluationTaskTests() => File.WriteAllText(_folder["rows.jsonl"], """{"messages":[{"role":"user","content":"a"}],"answer":"a"}""" + "\n");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Defaults_are_those_of_the_harness()
    {
        var task = Load(Valid);
        (task.Name, task.Version, task.Metric, task.HigherIsBetter, task.MaxNewTokens, task.NumFewshot).ShouldBe(("words", "2", "exact_match", true, 256, 0));
        task.Prompt.Messages.ShouldBe("messages");
        task.ReadRows(EvaluationSplit.Test).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("metrics: x\n", "task.yaml:6: unknown key 'metrics'; did you mean 'metric'?")]
    [InlineData("metric: acc\n", "task.yaml:6: metric: unknown value 'acc'")]
    [InlineData("options:\n  ignore_cased: true\n", "task.yaml:7: options: unknown key 'ignore_cased'; did you mean 'ignore_case'?")]
    [InlineData("max_new_tokens: 0\n", "task.yaml:6: max_new_tokens: 0 is out of range")]
    [InlineData("num_fewshot: 2\n", "task.yaml:6: num_fewshot: few-shot examples need")]
    [InlineData("fewshot: nothing.jsonl\n", "task.yaml:6: fewshot: no such file: nothing.jsonl")]
    [InlineData("prompt:\n  text: 'a {{b'\n", "'{{' without '}}'")]
    [InlineData("prompt:\n  text: a\n  messages: b\n", "give either 'text' or 'messages'")]
    [InlineData("stop: ['']\n", "a stop string cannot be empty")]
    public void A_mistake_is_named_with_its_place(string extra, string message) =>
        Should.Throw<InvalidInputException>(() => Load(Valid + extra)).Message.ShouldContain(message);

    [Theory]
    [InlineData("task: ../up\nversion: 1\ngrader: exact_match\ntest: rows.jsonl\n", "a task's name is")]
    [InlineData("task: ..\nversion: 1\ngrader: exact_match\ntest: rows.jsonl\n", "a task's name is")]
    [InlineData("task: a\nversion: 1\ngrader: exactmatch\ntest: rows.jsonl\n", "task.yaml:3: grader: unknown grader 'exactmatch'; did you mean 'exact_match'?")]
    [InlineData("task: a\nversion: 1\ngrader: exact_match\n", "give 'validation' or 'test' data")]
    [InlineData("task: a\ngrader: exact_match\ntest: rows.jsonl\n", "'version' is missing")]
    public void A_task_needs_a_name_a_version_a_grader_and_data(string yaml, string message) =>
        Should.Throw<InvalidInputException>(() => Load(yaml)).Message.ShouldContain(message);

    [Fact]
    public void The_digest_follows_the_task_file_and_the_data()
    {
        var before = Load(Valid).Digest(EvaluationSplit.Test);
        Load(Valid).Digest(EvaluationSplit.Test).ShouldBe(before);
        Load(Valid + "max_new_tokens: 9\n").Digest(EvaluationSplit.Test).ShouldNotBe(before);
        File.AppendAllText(_folder["rows.jsonl"], "\n");
        Load(Valid).Digest(EvaluationSplit.Test).ShouldNotBe(before);
    }

    private EvaluationTask Load(string yaml)
    {
        File.WriteAllText(_folder["task.yaml"], yaml);
        return EvaluationTask.Load(_folder["task.yaml"]);
    }
}
