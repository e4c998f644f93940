using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Agent;
using LamdAgent.Planner.Searches;
using LamdAgent.Planner.Strategies;
using LamdAgent.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace LamdAgent.Planner.Tests;

/// <summary>A search with made-up workers: a model's scores are a pure function of how it was made, and the test says which step ends when.</summary>
internal sealed class SearchHarness : IStepDispatcher
{
    public const string Yaml = """
        name: toy
        goal: Learn tools, keep instructions.
        seed: 1
        models: [{id: base, path: base}]
        datasets:
          - {id: tools, path: tools.jsonl, format: messages, description: tool calls}
          - {id: mixed, path: mixed.jsonl, format: messages}
        tasks:
          - {id: tools, path: tools.yaml}
          - {id: instructions, path: if.yaml, max_regression: 0.05}
        actions:
          sft: {learning_rate: [1e-3, 2e-3]}
          linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}
          task_arithmetic: {weight: [0.5, 1.0]}
        planner: {strategy: greedy}
        budget: {steps: 8}
        """;

    public SearchHarness(string yaml = Yaml, Func<LlmSpec, IChatModel>? chat = null, IRunStore? store = null, string owner = "planner-a", FakeTimeProvider? clock = null)
    {
        Store = store ?? new InMemoryRunStore();
        Clock = clock ?? new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Spec = SearchSpecReader.Parse(yaml, "search.yaml", "/spec");
        Loop = new PlannerLoop(
            Store,
            this,
            new StrategyFactory(Store, chat ?? (_ => throw new InvalidOperationException("no chat model")), Clock, NullLoggerFactory.Instance),
            Options.Create(new PlannerOptions { Owner = owner }),
            Clock,
            NullLogger<PlannerLoop>.Instance);
        CreateAsync(yaml).GetAwaiter().GetResult();
    }

    public IRunStore Store { get; }

    public FakeTimeProvider Clock { get; }

    public SearchSpec Spec { get; }

    public PlannerLoop Loop { get; }

    public List<(string StepId, StepStage Stage)> Sent { get; } = [];

    public bool DispatchFails { get; set; }

    /// <summary>Steps that fail instead of being trained, merged or scored.</summary>
    public Func<StepRecord, StepFailure?> Fails { get; set; } = _ => null;

    public Task DispatchAsync(SearchRecord search, StepRecord step, StepStage stage, CancellationToken cancellation)
    {
        if (DispatchFails)
        {
            throw new IOException("the broker is away");
        }

        Sent.Add((step.Id, stage));
        return Task.CompletedTask;
    }

    public Task<SearchStatus?> AdvanceAsync() => Loop.AdvanceAsync("toy", CancellationToken.None);

    /// <summary>Runs the search to its end; <paramref name="order"/> picks which of the open steps ends next.</summary>
    public async Task<SearchStatus> RunAsync(Random? order = null)
    {
        for (var round = 0; round < 10_000; round++)
        {
            var status = await AdvanceAsync();
            if (status is not SearchStatus.Running)
            {
                return status!.Value;
            }

            var open = (await Steps()).Where(s => !s.IsTerminal).ToList();
            await WorkAsync(open[order?.Next(open.Count) ?? 0]);
            Clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        throw new InvalidOperationException("the search does not end");
    }

    /// <summary>Does every stage of every step that is there.</summary>
    public async Task WorkOffAsync()
    {
        while ((await Steps()).FirstOrDefault(s => !s.IsTerminal) is { } open)
        {
            await WorkAsync(open);
        }
    }

    /// <summary>Does the due stage of a step as a worker would.</summary>
    public async Task WorkAsync(StepRecord step)
    {
        var now = Clock.GetUtcNow();
        var stage = step.DueStage!.Value;
        var claim = (await Store.ClaimStepAsync("toy", step.Id, stage, "worker", now, now.AddMinutes(1), default)).Claim!;
        if (Fails(step) is { } failure)
        {
            await Store.FailStepAsync(claim, failure, 1, now, default);
        }
        else if (stage == StepStage.Evaluate)
        {
            await Store.CompleteEvaluationAsync(claim, await ScoreAsync(step), 1, now, default);
        }
        else
        {
            await Store.CompleteProductionAsync(claim, new ProducedModel("digest of " + step.ActionKey, $"toy/models/{step.ModelId}", 10), 1, now, default);
        }
    }

    public async Task<IReadOnlyList<StepRecord>> Steps() => await Store.ListStepsAsync("toy", default);

    public async Task<SearchSnapshot> SnapshotAsync() => new(
        (await Store.GetSearchAsync("toy", default))!, Spec, [.. (await Store.ListModelsAsync("toy", default)).Where(m => m.StepId is null)], await Steps());

    /// <summary>What counts of a ledger: no times, no workers.</summary>
    public async Task<string> LedgerAsync() => string.Join('\n', (await Steps()).Select(s =>
        $"{s.Id} {s.Action} key={s.ActionKey[..8]} -> {s.ModelId} {s.State} {string.Join(' ', s.Scores?.Select(x => $"{x.TaskId}={x.Score:R}") ?? [])} [{s.DecidedBy}]"));

    /// <summary>Tools raise tools and cost instructions; mixing and merging keep both: the sample's shape as a formula.</summary>
    private async Task<IReadOnlyList<TaskScore>> ScoreAsync(StepRecord step)
    {
        var (tools, instructions) = await SkillsAsync(step.ModelId);
        var gap = step.Action.Split == EvaluationSplit.Test ? 0.01 : 0;
        return
        [
            new TaskScore { TaskId = "tools", Score = Math.Round(tools - gap, 6), StandardError = 0.02, Count = 100 },
            new TaskScore { TaskId = "instructions", Score = Math.Round(instructions - gap, 6), StandardError = 0.02, Count = 100 },
        ];
    }

    private async Task<(double Tools, double Instructions)> SkillsAsync(string modelId)
    {
        var maker = (await Steps()).FirstOrDefault(s => s.ModelId == modelId && s.Action.Kind != ActionKind.Evaluate);
        if (maker is null)
        {
            return (0.05, 0.9);
        }

        var inputs = new List<(double Tools, double Instructions)>();
        foreach (var input in maker.Action.Models)
        {
            inputs.Add(await SkillsAsync(input));
        }

        if (maker.Action.Kind == ActionKind.Merge)
        {
            return (inputs.Average(i => i.Tools) * 1.1, inputs.Max(i => i.Instructions) * 0.97);
        }

        var strength = maker.Action.Parameters["learning_rate"] == "2e-3" ? 0.8 : 0.6;
        var (tools, instructions) = inputs[0];
        return maker.Action.Datasets.Contains("mixed")
            ? (tools + (0.6 - tools) * strength, instructions * 0.96)
            : (tools + (0.9 - tools) * strength, instructions * 0.3);
    }

    private async Task CreateAsync(string yaml)
    {
        await Store.InitializeAsync(default);
        if (await Store.GetSearchAsync("toy", default) is not null)
        {
            return;
        }

        await Store.InsertModelAsync(new ModelRecord { SearchId = "toy", Id = "m-0001", Digest = "base digest", Artifact = "/spec/base", CreatedAt = Clock.GetUtcNow() }, default);
        await Store.CreateSearchAsync(new SearchRecord
        {
            Id = "toy",
            SpecYaml = yaml,
            SpecFile = "search.yaml",
            SpecFolder = "/spec",
            Datasets = [.. Spec.Datasets.Select(d => new DatasetInput(d.Id, d.Path, "digest of " + d.Id, 100))],
            CreatedAt = Clock.GetUtcNow(),
        }, default);
    }
}
