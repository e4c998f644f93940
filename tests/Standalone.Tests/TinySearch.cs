using System.Globalization;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage;
using LamdAgent.Storage.Sqlite;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests;

/// <summary>
/// A folder with everything that a search needs, as small as it can be: a two-layer model with random weights and the tokenizer of the sample, three datasets, a multiple-choice task
/// whose scores move with every training, a spec with trainings and merges of six steps.
/// </summary>
internal sealed class TinySearch : IDisposable
{
    public const int Steps = 6;
    private readonly TemporaryFolder folder = new();

    private TinySearch()
    {
    }

    public string Folder => folder.Path;

    public string this[params string[] parts] => folder[parts];

    public static async Task<TinySearch> CreateAsync()
    {
        var search = new TinySearch();
        search.WriteInputs();
        var (code, _, errors) = await LamdProcess.RunAsync(search.Folder, "train", "base.yaml", "--output", "base");
        code.ShouldBe(0, errors);
        return search;
    }

    /// <summary>A copy without runs, to be spoiled by a test.</summary>
    public TinySearch Copy()
    {
        var copy = new TinySearch();
        foreach (var file in Directory.EnumerateFiles(Folder))
        {
            File.Copy(file, copy[Path.GetFileName(file)]);
        }

        Directory.CreateDirectory(copy["base"]);
        foreach (var file in Directory.EnumerateFiles(this["base"]))
        {
            File.Copy(file, copy["base", Path.GetFileName(file)]);
        }

        return copy;
    }

    /// <summary>The ledger of a run without what depends on time and place.</summary>
    public async Task<IReadOnlyList<string>> LedgerAsync(string run)
    {
        var store = SqliteRunStore.Open(this[run, SqliteRunStore.FileName], mustExist: true);
        await using var disposable = (IAsyncDisposable)store;
        await store.InitializeAsync(CancellationToken.None);
        return await LedgerAsync(store);
    }

    /// <summary>The ledger of the one search in a store.</summary>
    public static async Task<IReadOnlyList<string>> LedgerAsync(IRunStore store) => Ledger(await ReadStepsAsync(store));

    /// <summary>Steps without what depends on time and place.</summary>
    public static IReadOnlyList<string> Ledger(IEnumerable<StepRecord> steps) => [.. steps.Select(Line)];

    /// <summary>Waits until the steps of a run that is under way meet a condition.</summary>
    public async Task WaitForStepsAsync(string run, LamdProcess lamd, Func<IReadOnlyList<StepRecord>, bool> condition)
    {
        while (!lamd.HasExited)
        {
            if (File.Exists(this[run, SqliteRunStore.FileName]))
            {
                var store = SqliteRunStore.Open(this[run, SqliteRunStore.FileName], mustExist: true);
                await using var disposable = (IAsyncDisposable)store;
                await store.InitializeAsync(CancellationToken.None);
                if (condition(await ReadStepsAsync(store)))
                {
                    return;
                }
            }

            await Task.Delay(30);
        }

        throw new InvalidOperationException($"lamd ended before: {lamd.Errors}");
    }

    public void Replace(string file, string old, string with) => File.WriteAllText(this[file], File.ReadAllText(this[file]).Replace(old, with, StringComparison.Ordinal));

    public void Dispose() => folder.Dispose();

    public static async Task<IReadOnlyList<StepRecord>> ReadStepsAsync(IRunStore store) =>
        await store.ListSearchesAsync(null, CancellationToken.None) is [var search, ..] ? await store.ListStepsAsync(search.Id, CancellationToken.None) : [];

    private static string Line(StepRecord step) => string.Create(
        CultureInfo.InvariantCulture,
        $"{step.Id} {step.Action} -> {step.ModelId} {step.State} {step.Product?.Digest} {string.Join(' ', step.Scores?.Select(s => $"{s.TaskId}={s.Score:R}±{s.StandardError:R}") ?? [])} {step.Failure?.Reason}");

    private void WriteInputs()
    {
        var sample = Path.Combine(Repository.Root, "shared", "samples", "tool-use", "base");
        Directory.CreateDirectory(this["shape"]);
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json" }.Where(file => File.Exists(Path.Combine(sample, file))))
        {
            File.Copy(Path.Combine(sample, file), this["shape", file]);
        }

        File.WriteAllText(this["shape", "config.json"], File.ReadAllText(Path.Combine(sample, "config.json"))
            .Replace("\"hidden_size\": 128", "\"hidden_size\": 32", StringComparison.Ordinal)
            .Replace("\"intermediate_size\": 320", "\"intermediate_size\": 64", StringComparison.Ordinal)
            .Replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 2", StringComparison.Ordinal)
            .Replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 2", StringComparison.Ordinal)
            .Replace("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 2", StringComparison.Ordinal)
            .Replace("\"head_dim\": 32", "\"head_dim\": 16", StringComparison.Ordinal));
        File.WriteAllText(this["base.yaml"], """
            method: cpt
            model: shape
            init: random
            dataset: {path: text.jsonl, format: text}
            max_steps: 2
            precision: float32
            """);
        WriteRows("text.jsonl", i => new { text = $"number {i} follows {i - 1}" });
        WriteRows("ones.jsonl", i => new { messages = Chat($"say {i}", "one") });
        WriteRows("twos.jsonl", i => new { messages = Chat($"say {i}", $"two {i}") });
        WriteRows("more.jsonl", i => new { messages = Chat($"tell {i}", "more of it") });
        WriteRows("validation.jsonl", Question, 24);
        WriteRows("test.jsonl", i => Question(i + 100), 24);
        File.WriteAllText(this["task.yaml"], """
            task: pick
            version: 1
            grader: multiple_choice
            validation: validation.jsonl
            test: test.jsonl
            prompt: {text: "{{question}}"}
            """);
        File.WriteAllText(this["search.yaml"], $$"""
            name: tiny
            goal: pick the right word
            seed: 3
            models: [{id: base, path: base}]
            datasets:
              - {id: ones, path: ones.jsonl, format: messages}
              - {id: twos, path: twos.jsonl, format: messages}
            tasks: [{id: pick, path: task.yaml}]
            actions:
              sft: {learning_rate: [0.01, 0.03], max_steps: 12, per_device_train_batch_size: 8, precision: float32, num_threads: 1, save_steps: 4}
              linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}
              ties: {density: [0.5], weight: [0.5]}
            budget: {steps: {{Steps}}}
            """);
    }

    private static object Question(int i) => new { question = $"word {i}:", choices = new[] { "one", "two", "three" }, gold = i % 3 };

    private static object[] Chat(string question, string answer) => [new { role = "user", content = question }, new { role = "assistant", content = answer }];

    private void WriteRows(string file, Func<int, object> row, int count = 32)
    {
        var text = new StringBuilder();
        for (var i = 1; i <= count; i++)
        {
            text.Append(JsonSerializer.Serialize(row(i))).Append('\n');
        }

        File.WriteAllText(this[file], text.ToString());
    }
}
