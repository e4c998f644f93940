using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Evaluation;
using LamdAgent.Evaluator.Models;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests.Commands;

/// <summary>The way from a model folder and task files to results, with a model of random weights in the sample's format.</summary>
public sealed class EvaluateCommandTests : IDisposable
{
    private static readonly string Sample = Path.Combine(Repository.Root, "shared", "samples", "tool-use");
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public EvaluateCommandTests()
    {
        _model = _folder["model"];
        Directory.CreateDirectory(_model);
        foreach (var name in new[] { "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json" })
        {
            File.Copy(Path.Combine(Sample, "base", name), Path.Combine(_model, name));
        }

        using var model = CausalLanguageModel.Create(ModelConfig.Read(_model), seed: 7);
        model.Save(_model);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Evaluate_writes_results_and_samples_that_grade_gives_again()
    {
        var tasks = Path.Combine(Sample, "tasks");
        (await LamdCommandLine.InvokeAsync(["evaluate", "--model", _model, "--tasks", tasks, "--output", _folder["out"], "--limit", "3"])).ShouldBe(0);
        using var results = JsonDocument.Parse(await File.ReadAllTextAsync(_folder["out", "results.json"]));
        var listed = results.RootElement.GetProperty("tasks").EnumerateArray().ToList();
        listed.Count.ShouldBe(2);
        foreach (var result in listed)
        {
            var name = result.GetProperty("task").GetString()!;
            result.GetProperty("n").GetInt32().ShouldBe(3);
            result.GetProperty("protocol").GetString()!.ShouldEndWith("first 3");
            var samples = _folder["out", $"samples_{name}.jsonl"];
            var task = Path.Combine(tasks, $"{name}.yaml");
            (await LamdCommandLine.InvokeAsync(["grade", "--task", task, "--input", samples, "--output", _folder["again.jsonl"]])).ShouldBe(0);
            var verdicts = (await File.ReadAllLinesAsync(_folder["again.jsonl"])).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("verdict").GetRawText());
            verdicts.ShouldBe((await File.ReadAllLinesAsync(samples)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("verdict").GetRawText()));
        }
    }

    [Fact]
    public void Answers_do_not_depend_on_the_batch()
    {
        var task = EvaluationTask.Load(Path.Combine(Sample, "tasks", "tool-use.yaml"));
        var answers = new[] { 1, 4 }.Select(batch =>
        {
            using var model = TorchLanguageModel.Load(_model, batchSize: batch);
            return TaskEvaluator.Evaluate(model, task, EvaluationSplit.Validation, new EvaluationOptions { Limit = 4 }).Samples.Select(sample => sample.Response.GetString()).ToList();
        }).ToList();
        answers[0].ShouldBe(answers[1]);
    }

    [Fact]
    public void A_stop_string_ends_an_answer_early_and_changes_no_other()
    {
        using var model = TorchLanguageModel.Load(_model);
        var prompt = ModelPrompt.FromText("What a call is: ");
        var free = model.Generate([new GenerationRequest(prompt, 48, [])])[0];
        var stop = free.Text.Substring(free.Text.Length / 2, 2);

        var answers = model.Generate([new GenerationRequest(prompt, 48, [stop]), new GenerationRequest(prompt, 48, []), new GenerationRequest(prompt, 48, ["", "never said"])]);

        answers[0].TokenCount.ShouldBeLessThan(free.TokenCount);
        answers[0].Finished.ShouldBeTrue();
        StopStrings.Cut(answers[0].Text, [stop]).ShouldBe(StopStrings.Cut(free.Text, [stop]));
        answers.Skip(1).ShouldAllBe(answer => answer == free);
    }

    [Fact]
    public void Likelihoods_of_parts_add_up_to_that_of_the_whole()
    {
        using var model = TorchLanguageModel.Load(_model);
        var scores = model.Score(
        [
            new LogLikelihoodRequest(ModelPrompt.FromText("The call"), " name is"),
            new LogLikelihoodRequest(ModelPrompt.FromText("The call "), "name is"),
            // From the same first word: a text scored from nothing starts with the end token, which the tokenizer puts before no context.
            new LogLikelihoodRequest(ModelPrompt.FromText("The"), " call name is"),
            new LogLikelihoodRequest(ModelPrompt.FromText("The"), " call"),
        ]);

        // Blanks at the end of a context belong to the continuation, so the first two are the same.
        scores[1].Sum.ShouldBe(scores[0].Sum, 1e-4);
        (scores[3].Sum + scores[0].Sum).ShouldBe(scores[2].Sum, 1e-3);
        (scores[3].TokenCount + scores[0].TokenCount).ShouldBe(scores[2].TokenCount);
    }

    [Fact]
    public void A_text_longer_than_the_model_is_scored_in_windows_each_token_once()
    {
        using var model = TorchLanguageModel.Load(_model);
        var words = string.Join(' ', Enumerable.Repeat("call", 2000));
        var score = model.Score([new LogLikelihoodRequest(ModelPrompt.FromText(""), words)])[0];
        score.TokenCount.ShouldBe(Tokenization.Tokenizer.Load(_model).Encode(words, addSpecialTokens: false).Length);
        score.Sum.ShouldBeLessThan(0);
    }

    [Theory]
    [InlineData("tasks-missing.yaml")]
    [InlineData("")]
    public async Task Missing_tasks_are_bad_input(string name) =>
        (await LamdCommandLine.InvokeAsync(["evaluate", "--model", _model, "--tasks", _folder[name], "--output", _folder["out"]])).ShouldBe(2);

    [Fact]
    public async Task An_unknown_grader_is_bad_input_and_leaves_nothing()
    {
        await File.WriteAllTextAsync(_folder["in.jsonl"], """{"id":1,"item":{"answer":"#### 1"},"response":"#### 1"}""");
        (await LamdCommandLine.InvokeAsync(["grade", "--grader", "gsm", "--input", _folder["in.jsonl"], "--output", _folder["graded.jsonl"]])).ShouldBe(2);
        File.Exists(_folder["graded.jsonl"]).ShouldBeFalse();
        (await LamdCommandLine.InvokeAsync(["grade", "--grader", "gsm8k", "--input", _folder["in.jsonl"], "--output", _folder["graded.jsonl"]])).ShouldBe(0);
    }
}
