using System.Text.Json;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Planner;
using LamdAgent.Planner.Api;
using LamdAgent.Storage;
using LamdAgent.Storage.Sqlite;
using LamdAgent.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Standalone.Tests.Commands;

/// <summary><c>lamd submit|status|watch|pause|resume|cancel</c> as processes against a planner's API; nobody works on the steps.</summary>
public sealed class PlannerCommandsTests : IAsyncLifetime
{
    private const string Spec = """
        name: toy
        models: [{id: base, path: base}]
        datasets: [{id: d, path: d.jsonl, format: messages}]
        tasks: [{id: t, path: t.yaml}]
        actions: {sft: {}}
        budget: {steps: 2}
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly Letters _letters = new();
    private WebApplication _planner = null!;

    private string Address => _planner.Urls.Single();

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_folder["base"]);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "shared", "samples", "tool-use", "base")))
        {
            File.Copy(file, _folder["base", Path.GetFileName(file)]);
        }

        File.WriteAllText(_folder["d.jsonl"], """{"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "b"}]}""");
        File.WriteAllText(_folder["items.jsonl"], """{"messages": [{"role": "user", "content": "a"}], "answer": "a"}""");
        File.WriteAllText(_folder["t.yaml"], "task: t\nversion: 1\ngrader: exact_match\nvalidation: items.jsonl\ntest: items.jsonl\nmax_new_tokens: 8\n");
        File.WriteAllText(_folder["search.yaml"], Spec);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddPlanner().AddPlannerApi();
        builder.Services.Replace(ServiceDescriptor.Singleton<IStepDispatcher, NoWorkers>());
        builder.Services.AddSingleton(SqliteRunStore.Open(_folder["run.db"]));
        builder.Services.AddSingleton<IDeadLetters>(_letters);
        builder.Services.Configure<PlannerApiOptions>(o => o.DataRoot = _folder.Path);
        _planner = builder.Build();
        _planner.Urls.Add("http://127.0.0.1:0");
        _planner.MapPlannerApi();
        _planner.MapQueueApi();
        await _planner.Services.GetRequiredService<IRunStore>().InitializeAsync(default);
        await _planner.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _planner.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await _planner.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_search_is_submitted_looked_at_paused_resumed_and_cancelled()
    {
        (await Lamd("submit", "search.yaml", "--id", "one", "--steps", "1")).ShouldBe((0, "one\n"));
        var (_, listed) = await Lamd("status", "--json");
        JsonDocument.Parse(listed).RootElement.GetProperty("id").GetString().ShouldBe("one");
        (await Lamd("pause", "one")).Output.ShouldStartWith("one  paused (by request)");
        (await Lamd("resume", "one")).Output.ShouldStartWith("one  running");
        var (_, status) = await Lamd("status", "one");
        status.ShouldContain("r-0001  m-0001 = evaluate(m-0001)  dispatched");

        (await Lamd("cancel", "one")).Output.ShouldStartWith("one  cancelled (by request)");
        var (code, watched) = await Lamd("watch", "one", "--json");
        code.ShouldBe(1); // a cancelled search is no success
        watched.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("state").GetString()).ShouldAllBe(s => s == "cancelled");
    }

    [Fact]
    public async Task What_the_planner_refuses_is_bad_input()
    {
        File.WriteAllText(_folder["wrong.yaml"], Spec.Replace("path: base", "path: /etc", StringComparison.Ordinal));
        var lamd = await LamdProcess.RunAsync(_folder.Path, "submit", "wrong.yaml", "--planner", Address);
        lamd.Code.ShouldBe(2);
        lamd.Errors.Trim().ShouldBe($"lamd: wrong.yaml:2: only what lies below {_folder.Path} can be used here");

        // As `lamd run` refuses it.
        File.WriteAllText(_folder["d.jsonl"], """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");
        var alone = await LamdProcess.RunAsync(_folder.Path, "run", "search.yaml");
        lamd = await LamdProcess.RunAsync(_folder.Path, "submit", "search.yaml", "--planner", Address);
        lamd.Code.ShouldBe(2);
        lamd.Errors.ShouldContain("holds 1 evaluation items");
        lamd.Errors.ShouldBe(alone.Errors);

        var nobody = await LamdProcess.RunAsync(_folder.Path, "watch", "one", "--planner", "http://127.0.0.1:1");
        nobody.Code.ShouldBe(2);
        nobody.Errors.ShouldContain("cannot be reached");
    }

    [Fact]
    public async Task Dead_letters_are_listed_and_sent_again()
    {
        var (_, listed) = await Lamd("queue", "errors");
        listed.ShouldBe("train-model: 2\n  2026-01-02 03:04:05+00:00  TrainModel  toy/s-0001  System.IO.IOException: burnt  tried 4 times  id one\n  2026-01-02 03:04:05+00:00  TrainModel  toy/s-0002  System.IO.IOException: burnt  tried 4 times  id two\n");
        var (_, json) = await Lamd("queue", "errors", "--queue", "train-model", "--json");
        JsonDocument.Parse(json).RootElement[0].GetProperty("messages")[1].GetProperty("message_id").GetString().ShouldBe("two");
        (await Lamd("queue", "errors", "--queue", "merge-models")).ShouldBe((0, ""));

        (await Lamd("queue", "retry", "--message", "one")).ShouldBe((0, "1 put back\n"));
        (await Lamd("queue", "retry", "train-model", "--all", "--json")).ShouldBe((0, "{\"moved\":1}\n"));
        (await Lamd("queue", "errors", "--json")).ShouldBe((0, "[]\n"));

        (await LamdProcess.RunAsync(_folder.Path, "queue", "retry", "--planner", Address)).Errors.ShouldBe("lamd: say which messages: either --message ID or --all\n");
        var unknown = await LamdProcess.RunAsync(_folder.Path, "queue", "errors", "--queue", "train-modle", "--planner", Address);
        (unknown.Code, unknown.Errors).ShouldBe((2, "lamd: there is no queue 'train-modle'; did you mean 'train-model'?\n"));
        (await LamdProcess.RunAsync(_folder.Path, "queue", "retry", "--message", "one", "--planner", Address)).Errors.ShouldBe("lamd: there is no dead letter with the id one\n");
    }

    private async Task<(int Code, string Output)> Lamd(params string[] arguments)
    {
        var (code, output, _) = await LamdProcess.RunAsync(_folder.Path, [.. arguments, "--planner", Address]);
        return (code, output);
    }

    private sealed class Letters : IDeadLetters
    {
        private readonly List<DeadLetter> _letters =
        [
            .. new[] { "one", "two" }.Select((id, i) => new DeadLetter(
                "train-model", id, "TrainModel", "toy", $"s-000{i + 1}", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "System.IO.IOException", "burnt", 4)),
        ];

        public IReadOnlyList<string> Queues => ["merge-models", "train-model"];

        public Task<IReadOnlyList<DeadLetterQueue>> ListAsync(string? queue, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<DeadLetterQueue>>(
            [.. _letters.Where(letter => queue is null || letter.Queue == queue).GroupBy(letter => letter.Queue).Select(group => new DeadLetterQueue(group.Key, group.Count(), [.. group.Take(limit)]))]);

        public Task<int> RetryAsync(string? queue, string? messageId, CancellationToken cancellation) =>
            Task.FromResult(_letters.RemoveAll(letter => (queue is null || letter.Queue == queue) && (messageId is null || letter.MessageId == messageId)));
    }

    private sealed class NoWorkers : IStepDispatcher
    {
        public Task DispatchAsync(SearchRecord search, StepRecord step, StepStage stage, CancellationToken cancellation) => Task.CompletedTask;
    }
}
