using System.CommandLine;
using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Two threads, a checkpoint after every step, so that many of the kills fall into the writing of one.
    [Theory]
    [InlineData("sft", "rows-sft.jsonl", "packing: true\nmax_length: 64\nneftune_noise_alpha: 5")]
    [InlineData("dpo", "rows-dpo.jsonl", "gradient_accumulation_steps: 2")]
    [InlineData("sft", "rows-sft.jsonl", "lora: {r: 4, lora_dropout: 0.2}")]
    public async Task Killed_at_any_moment_and_started_again_it_ends_in_the_same_bytes_on_two_threads(string method, string rows, string more)
    {
        await RecipeAsync($"method: {method}", rows, $"max_steps: 30\nlearning_rate: 1e-3\nper_device_train_batch_size: 4\nsave_steps: 1\nnum_threads: 2\n{more}");
        (await LamdProcess.RunAsync(_folder.Path, "train", "recipe.yaml", "--output", "whole")).Code.ShouldBe(0);

        var random = new Random(method.Length + more.Length);
        var resumed = 0;
        foreach (var steps in (int[])[3, 17])
        {
            using var lamd = LamdProcess.Start(_folder.Path, "train", "recipe.yaml", "--output", "parts");
            while (!lamd.HasExited && Lines("parts.training") < steps)
            {
                await Task.Delay(1);
            }

            await Task.Delay(random.Next(12));
            lamd.Kill();
            await lamd.WaitAsync();
            resumed += lamd.Errors.Contains("resumed at step", StringComparison.Ordinal) ? 1 : 0;
        }

        var (code, _, errors) = await LamdProcess.RunAsync(_folder.Path, "train", "recipe.yaml", "--output", "parts");
        code.ShouldBe(0, errors);
        (resumed + (errors.Contains("resumed at step", StringComparison.Ordinal) ? 1 : 0)).ShouldBe(2);
        ModelManifest.Read(_folder["parts"]).Files.ShouldBe(ModelManifest.Read(_folder["whole"]).Files);
        Losses("parts").ShouldBe(Losses("whole"));
        Directory.Exists(_folder["parts.training"]).ShouldBeFalse();
    }

    [Fact]
    public async Task The_last_line_and_the_metrics_tell_what_checkpoints_cost()
    {
        await RecipeAsync("method: sft", "rows-sft.jsonl", "max_steps: 3\nsave_steps: 1\nnum_threads: 1");
        var (code, output, errors) = await LamdProcess.RunAsync(_folder.Path, "train", "recipe.yaml", "--output", "out");
        code.ShouldBe(0, errors);
        output.ShouldMatch(@", 2 checkpoints of \d+\.\d MB in \d+\.\d s");
        var last = JsonDocument.Parse(File.ReadLines(_folder["out", "metrics.jsonl"]).Last()).RootElement;
        last.GetProperty("checkpoint_bytes").GetInt64().ShouldBeGreaterThan(100_000);
        last.GetProperty("checkpoint_seconds").GetDouble().ShouldBeGreaterThan(0);
        var recipe = ModelManifest.Read(_folder["out"]).Parameters!.Value.GetProperty("recipe");
        recipe.GetProperty("method").GetString().ShouldBe("sft");
        recipe.GetProperty("per_device_train_batch_size").GetInt32().ShouldBe(8);
    }

    [Fact]
    public async Task A_reward_model_is_trained_and_asked()
    {
        await RecipeAsync("method: reward", "rows-dpo.jsonl", "max_steps: 20\nlearning_rate: 2e-3\nnum_threads: 1");
        (await LamdCommandLine.InvokeAsync(["train", _folder["recipe.yaml"], "--output", _folder["judge"]])).ShouldBe(0);
        (await LamdCommandLine.InvokeAsync(["reward", "--model", _folder["judge"], "--input", Repository.Golden("train", "rows-dpo.jsonl"), "--output", _folder["scored.jsonl"]])).ShouldBe(0);
        var scored = (await File.ReadAllLinesAsync(_folder["scored.jsonl"])).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        scored.Count.ShouldBe(File.ReadLines(Repository.Golden("train", "rows-dpo.jsonl")).Count());
        scored.Count(r => r.GetProperty("chosen_reward").GetDouble() > r.GetProperty("rejected_reward").GetDouble()).ShouldBeGreaterThan(scored.Count * 4 / 5);
        scored[0].TryGetProperty("chosen_ids", out _).ShouldBeTrue();

        (await LamdCommandLine.InvokeAsync(["reward", "--model", _folder["judge"], "--input", Repository.Golden("train", "rows-sft.jsonl"), "--output", _folder["one.jsonl"]])).ShouldBe(0);
        JsonDocument.Parse((await File.ReadAllLinesAsync(_folder["one.jsonl"]))[0]).RootElement.GetProperty("reward").GetDouble().ShouldBeInRange(-100, 100);
        await File.WriteAllTextAsync(_folder["prompts.jsonl"], "{\"prompt_ids\": [5, 6]}\n");
        (await LamdCommandLine.InvokeAsync(["generate", "--model", _folder["judge"], "--input", _folder["prompts.jsonl"], "--output", _folder["no.jsonl"]])).ShouldBe(2);
        (await LamdCommandLine.InvokeAsync(["reward", "--model", Repository.Golden("models", "llama-untied"), "--input", _folder["one.jsonl"], "--output", _folder["no.jsonl"]])).ShouldBe(2);
    }

    // Every slip of a newcomer: one line that names the place, exit code 2, nothing made.
    [Theory]
    [InlineData("method: sft\nmodel: MODEL\ndataset: ROWS\nlearning_rat: 1", "recipe.yaml:4: unknown key 'learning_rat'; did you mean 'learning_rate'?")]
    [InlineData("method: sft\nmodel: MODEL\ndataset: ROWS\nmax_steps: many", "recipe.yaml:4: max_steps: 'many' is not a whole number")]
    [InlineData("method: sft\nmodel: MODEL\ndataset: missing.jsonl", "recipe.yaml:3: dataset: there is no such file")]
    [InlineData("method: sft\nmodel: MODEL", "recipe.yaml:1: 'dataset' is missing")]
    [InlineData("method: sft\ndataset: ROWS", "recipe.yaml:1: 'model' is missing")]
    [InlineData("method: sft\nmodel: nowhere\ndataset: ROWS", "recipe.yaml:2: model: there is no such model folder")]
    [InlineData("method: dpo\nmodel: MODEL\ndataset: ROWS\nref_model: nowhere", "recipe.yaml:4: ref_model: there is no such model folder")]
    [InlineData("method: gkd\nmodel: MODEL\ndataset: ROWS", "recipe.yaml:1: 'teacher_model' is missing")]
    [InlineData("method: grpo\nmodel: MODEL\ndataset: ROWS", "recipe.yaml:1: no reward is named")]
    [InlineData("method: grpo\nmodel: MODEL\ndataset: ROWS\nreward_model: [nowhere]", "recipe.yaml:4: reward_model[0]: there is no such model folder")]
    [InlineData("method: grpo\nmodel: MODEL\ndataset: ROWS\nreward_funcs: [gsm8k]\nnum_generations: 3", "recipe.yaml:5: num_generations: per_device_train_batch_size (8) counts answers")]
    [InlineData("method: ppo\nmodel: MODEL\ndataset: ROWS", "recipe.yaml:1: method: ppo is not trained here")]
    [InlineData("method: sft\nmodel: MODEL\ndataset: ROWS\nlora: {target_modules: [qq_proj]}", "recipe.yaml:4: lora: the target module 'qq_proj' matches nothing that can be adapted; the model has q_proj")]
    [InlineData("method: sft\nmodel: MODEL\ndataset: ROWS\nmax_length: 8", "rows-sft.jsonl:1: the row has 18 tokens, more than max_length 8")]
    [InlineData("method: dpo\nmodel: MODEL\ndataset: ROWS", "rows-sft.jsonl:1: ")]
    public async Task A_recipe_that_cannot_be_run_is_told_in_one_line(string recipe, string message)
    {
        await File.WriteAllTextAsync(_folder["recipe.yaml"], recipe
            .Replace("MODEL", Repository.Golden("models", "llama-untied"), StringComparison.Ordinal)
            .Replace("ROWS", Repository.Golden("train", "rows-sft.jsonl"), StringComparison.Ordinal));
        var train = Standalone.Commands.TrainCommand.Create().Parse([_folder["recipe.yaml"], "--output", _folder["out"]]);
        var error = await Should.ThrowAsync<InvalidInputException>(() => train.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain('\n');
        Directory.GetFileSystemEntries(_folder.Path).ShouldHaveSingleItem();
    }

    private async Task RecipeAsync(string head, string rows, string rest) => await File.WriteAllTextAsync(
        _folder["recipe.yaml"], $"{head}\nmodel: {Repository.Golden("models", "llama-untied")}\ndataset: {Repository.Golden("train", rows)}\n{rest}\n");

    private int Lines(string folder)
    {
        try
        {
            return File.ReadAllLines(_folder[folder, "metrics.jsonl"]).Length;
        }
        catch (IOException)
        {
            return 0; // not there yet, or being rewritten
        }
    }

    private List<string> Losses(string folder) =>
        [.. File.ReadLines(_folder[folder, "metrics.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("loss").GetRawText())];
}
