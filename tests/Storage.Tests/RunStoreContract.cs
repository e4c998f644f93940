using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Storage.Tests;

/// <summary>What every run store must do; a class for each database derives from it.</summary>
public abstract class RunStoreContract : IAsyncLifetime
{
    protected static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private IRunStore? store;

    protected IRunStore Store => store!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        store = await OpenAsync();
        await store.InitializeAsync(Cancellation);
        (await store.CreateSearchAsync(Search("a"), Cancellation)).ShouldBeTrue();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (store is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A store of its own, empty at the first call of a test; later calls open the same one again.</summary>
    protected abstract Task<IRunStore> OpenAsync();

    [Fact]
    public async Task A_search_is_inserted_once_and_read_back_as_it_was()
    {
        (await Store.CreateSearchAsync(Search("a") with { SpecYaml = "other" }, Cancellation)).ShouldBeFalse();
        (await Store.CreateSearchAsync(Search("b") with { CreatedAt = Noon.AddMinutes(1) }, Cancellation)).ShouldBeTrue();

        Same(await Store.GetSearchAsync("a", Cancellation), Search("a"));
        (await Store.GetSearchAsync("missing", Cancellation)).ShouldBeNull();
        (await Store.ListSearchesAsync(null, Cancellation)).Select(search => search.Id).ShouldBe(["b", "a"]);
        (await Store.ListSearchesAsync(SearchStatus.Completed, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_status_of_a_search_changes_only_from_an_expected_one()
    {
        (await Store.ChangeSearchStatusAsync("a", [SearchStatus.Paused], SearchStatus.Running, null, Noon, Cancellation)).ShouldBeFalse();
        (await Store.ChangeSearchStatusAsync("a", [SearchStatus.Running], SearchStatus.Completed, "all done", Noon, Cancellation)).ShouldBeTrue();

        var search = (await Store.GetSearchAsync("a", Cancellation)).ShouldNotBeNull();
        (search.Status, search.StatusReason, search.FinishedAt).ShouldBe((SearchStatus.Completed, "all done", Noon));
        (await Store.ListSearchesAsync(SearchStatus.Completed, Cancellation)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task One_planner_at_a_time_drives_a_search()
    {
        var token = await Store.AcquirePlannerAsync("a", "one", Noon, Noon.AddSeconds(30), Cancellation);
        token.ShouldBe(1);
        (await Store.AcquirePlannerAsync("a", "two", Noon.AddSeconds(10), Noon.AddSeconds(40), Cancellation)).ShouldBeNull();
        (await Store.AcquirePlannerAsync("a", "one", Noon.AddSeconds(10), Noon.AddSeconds(40), Cancellation)).ShouldBe(1);
        (await Store.AcquirePlannerAsync("a", "two", Noon.AddSeconds(41), Noon.AddSeconds(80), Cancellation)).ShouldBe(2);

        (await Store.AddActiveSecondsAsync("a", 1, 5, Cancellation)).ShouldBeFalse();
        (await Store.AddActiveSecondsAsync("a", 2, 5, Cancellation)).ShouldBeTrue();
        await Store.ReleasePlannerAsync("a", 1, Cancellation);
        (await Store.GetSearchAsync("a", Cancellation))!.PlannerOwner.ShouldBe("two");
        await Store.ReleasePlannerAsync("a", 2, Cancellation);
        (await Store.AcquirePlannerAsync("a", "three", Noon.AddSeconds(42), Noon.AddSeconds(80), Cancellation)).ShouldBe(3);
        (await Store.GetSearchAsync("a", Cancellation))!.ActiveSeconds.ShouldBe(5);
    }

    [Fact]
    public async Task Steps_are_inserted_once_and_listed_by_role_and_number()
    {
        foreach (var step in new[] { Step(StepRole.Final, 1), Step(StepRole.Search, 10), Step(StepRole.Search, 2), Step(StepRole.Reference, 1) })
        {
            (await Store.InsertStepAsync(step, Cancellation)).ShouldBeTrue();
        }

        (await Store.InsertStepAsync(Step(StepRole.Search, 2) with { Seed = 99 }, Cancellation)).ShouldBeFalse();
        (await Store.ListStepsAsync("a", Cancellation)).Select(step => step.Id).ShouldBe(["r-0001", "s-0002", "s-0010", "t-0001"]);
        Same(await Store.GetStepAsync("a", "s-0002", Cancellation), Step(StepRole.Search, 2) with { Version = 1 });
        (await Store.ListStepsAsync("b", Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_step_goes_its_way_and_ends_with_scores()
    {
        await InsertStepAsync();
        (await Store.MarkDispatchedAsync("a", "s-0001", StepStage.Train, Noon, Cancellation)).ShouldBeTrue();
        var training = await ClaimAsync(StepStage.Train);
        (await Store.GetStepAsync("a", "s-0001", Cancellation))!.State.ShouldBe(StepState.Running);
        (await Store.MarkDispatchedAsync("a", "s-0001", StepStage.Train, Noon, Cancellation)).ShouldBeFalse();
        (await Store.HeartbeatAsync(training, new StepProgress(0.5, "half"), Noon.AddSeconds(60), Cancellation)).ShouldBe(HeartbeatAnswer.Continue);
        (await Store.GetStepAsync("a", "s-0001", Cancellation))!.Progress.ShouldBe(new StepProgress(0.5, "half"));
        (await Store.CompleteProductionAsync(training, new ProducedModel("d", "models/m-0002", 5), 12.5, Noon, Cancellation)).ShouldBeTrue();

        var produced = (await Store.GetStepAsync("a", "s-0001", Cancellation)).ShouldNotBeNull();
        (produced.State, produced.LeaseHolder, produced.LeaseUntil, produced.Attempt, produced.DispatchedAt).ShouldBe((StepState.Produced, null, null, 0, null));
        (produced.ProduceSeconds, produced.ProducedAt, produced.Product).ShouldBe((12.5, Noon, new ProducedModel("d", "models/m-0002", 5)));

        var evaluation = await ClaimAsync(StepStage.Evaluate);
        evaluation.FencingToken.ShouldBe(training.FencingToken + 1);
        (await Store.CompleteEvaluationAsync(evaluation, [Score(0.25)], 3, Noon.AddMinutes(1), Cancellation)).ShouldBeTrue();
        var scored = (await Store.GetStepAsync("a", "s-0001", Cancellation)).ShouldNotBeNull();
        (scored.State, scored.EvaluateSeconds, scored.FinishedAt, scored.LeaseHolder).ShouldBe((StepState.Scored, 3d, Noon.AddMinutes(1), null));
        scored.Scores!.Single().Score.ShouldBe(0.25);

        (await Store.CompleteEvaluationAsync(evaluation, [Score(0.99)], 3, Noon, Cancellation)).ShouldBeFalse();
        (await Store.ClaimStepAsync("a", "s-0001", StepStage.Train, "late", Noon.AddDays(1), Noon.AddDays(2), Cancellation)).Outcome.ShouldBe(ClaimOutcome.AlreadyDone);
        (await Store.CancelStepAsync("a", "s-0001", Noon, Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_live_lease_keeps_others_away_and_one_that_ran_out_does_not()
    {
        await InsertStepAsync();
        var first = await ClaimAsync(StepStage.Train, "first");
        (await Store.ClaimStepAsync("a", "s-0001", StepStage.Train, "second", Noon.AddSeconds(29), Noon.AddSeconds(60), Cancellation)).Outcome.ShouldBe(ClaimOutcome.Held);
        (await Store.ClaimStepAsync("a", "s-0001", StepStage.Train, "first", Noon.AddSeconds(29), Noon.AddSeconds(60), Cancellation)).Outcome.ShouldBe(ClaimOutcome.Held);
        (await Store.ClaimStepAsync("a", "none", StepStage.Train, "second", Noon, Noon, Cancellation)).Outcome.ShouldBe(ClaimOutcome.NotFound);

        var second = (await Store.ClaimStepAsync("a", "s-0001", StepStage.Train, "second", Noon.AddSeconds(31), Noon.AddSeconds(61), Cancellation)).Claim.ShouldNotBeNull();
        (second.Attempt, second.FencingToken).ShouldBe((2, first.FencingToken + 1));

        // The zombie wakes up: nothing of it is accepted.
        (await Store.HeartbeatAsync(first, null, Noon.AddHours(1), Cancellation)).ShouldBe(HeartbeatAnswer.Lost);
        (await Store.CompleteProductionAsync(first, new ProducedModel("zombie", "z", 1), 1, Noon, Cancellation)).ShouldBeFalse();
        (await Store.FailStepAsync(first, new StepFailure(StepFailureKind.Faulted, "zombie"), 1, Noon, Cancellation)).ShouldBeFalse();
        (await Store.ReleaseStepAsync(first, countsAsAttempt: true, Cancellation)).ShouldBeFalse();
        (await Store.CompleteProductionAsync(second, new ProducedModel("d", "models/m-0002", 5), 1, Noon, Cancellation)).ShouldBeTrue();
        (await Store.GetStepAsync("a", "s-0001", Cancellation))!.Product!.Digest.ShouldBe("d");
    }

    [Fact]
    public async Task A_step_that_failed_has_a_reason_and_no_score()
    {
        await InsertStepAsync();
        var claim = await ClaimAsync(StepStage.Train);
        var failure = new StepFailure(StepFailureKind.TrainingDiverged, "the loss is not a number at step 3");
        (await Store.FailStepAsync(claim, failure, 2, Noon, Cancellation)).ShouldBeTrue();

        var step = (await Store.GetStepAsync("a", "s-0001", Cancellation)).ShouldNotBeNull();
        (step.State, step.Failure, step.Scores, step.ProduceSeconds).ShouldBe((StepState.Failed, failure, null, 2d));
    }

    [Fact]
    public async Task A_step_in_the_error_queue_fails_unless_somebody_works_on_it()
    {
        await InsertStepAsync();
        await ClaimAsync(StepStage.Train);
        var failure = new StepFailure(StepFailureKind.Faulted, "given up");
        (await Store.FailUnclaimedStepAsync("a", "s-0001", failure, Noon.AddSeconds(1), Cancellation)).ShouldBeFalse();
        (await Store.FailUnclaimedStepAsync("a", "s-0001", failure, Noon.AddSeconds(31), Cancellation)).ShouldBeTrue();
        (await Store.FailUnclaimedStepAsync("a", "s-0001", failure, Noon.AddSeconds(31), Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_cancelled_step_or_search_stops_its_worker()
    {
        await InsertStepAsync();
        var claim = await ClaimAsync(StepStage.Train);
        (await Store.CancelStepAsync("a", "s-0001", Noon, Cancellation)).ShouldBeTrue();
        (await Store.HeartbeatAsync(claim, null, Noon.AddHours(1), Cancellation)).ShouldBe(HeartbeatAnswer.Cancelled);
        (await Store.CompleteProductionAsync(claim, new ProducedModel("d", "x", 1), 1, Noon, Cancellation)).ShouldBeFalse();

        (await Store.InsertStepAsync(Step(StepRole.Search, 2), Cancellation)).ShouldBeTrue();
        var other = (await Store.ClaimStepAsync("a", "s-0002", StepStage.Train, "w", Noon, Noon.AddSeconds(30), Cancellation)).Claim!;
        await Store.ChangeSearchStatusAsync("a", [SearchStatus.Running], SearchStatus.Cancelled, null, Noon, Cancellation);
        (await Store.HeartbeatAsync(other, null, Noon.AddHours(1), Cancellation)).ShouldBe(HeartbeatAnswer.Cancelled);
    }

    [Fact]
    public async Task Due_steps_are_those_that_were_sent_and_that_nobody_holds_the_most_urgent_first()
    {
        await InsertStepAsync();
        async Task<IEnumerable<string>> DueAsync(DateTimeOffset now, StepStage stage = StepStage.Train) =>
            (await Store.ListDueStepsAsync(stage, now, Cancellation)).Select(step => $"{step.SearchId}/{step.Id}");

        (await DueAsync(Noon)).ShouldBeEmpty(); // never sent
        (await Store.ListOpenStepsAsync("a", Cancellation)).Select(step => step.Id).ShouldBe(["s-0001"]);
        (await Store.ListOpenStepsAsync("b", Cancellation)).ShouldBeEmpty();
        await Store.MarkDispatchedAsync("a", "s-0001", StepStage.Train, Noon, Cancellation);
        (await DueAsync(Noon)).ShouldBe(["a/s-0001"]);
        (await DueAsync(Noon, StepStage.Evaluate)).ShouldBeEmpty();

        await Store.InsertStepAsync(Step(StepRole.Search, 2), Cancellation);
        await Store.MarkDispatchedAsync("a", "s-0002", StepStage.Train, Noon.AddSeconds(-1), Cancellation);
        await Store.CreateSearchAsync(Search("urgent") with { Priority = 7 }, Cancellation);
        await Store.InsertStepAsync(Step(StepRole.Search, 1) with { SearchId = "urgent" }, Cancellation);
        await Store.MarkDispatchedAsync("urgent", "s-0001", StepStage.Train, Noon, Cancellation);
        (await DueAsync(Noon)).ShouldBe(["urgent/s-0001", "a/s-0002", "a/s-0001"]);

        var claim = (await Store.ClaimStepAsync("a", "s-0002", StepStage.Train, "w", Noon, Noon.AddSeconds(30), Cancellation)).Claim!;
        await Store.ChangeSearchStatusAsync("urgent", [SearchStatus.Running], SearchStatus.Paused, null, Noon, Cancellation);
        (await DueAsync(Noon.AddSeconds(29))).ShouldBe(["a/s-0001"]);
        (await DueAsync(Noon.AddSeconds(31))).ShouldBe(["a/s-0002", "a/s-0001"]); // the worker died
        await Store.ReleaseStepAsync(claim, countsAsAttempt: false, Cancellation);
        (await Store.GetStepAsync("a", "s-0002", Cancellation))!.Attempt.ShouldBe(0);
        (await DueAsync(Noon)).ShouldBe(["a/s-0001"]); // given back, and to be sent again
    }

    [Fact]
    public async Task Many_workers_claim_many_steps_exactly_once_each()
    {
        const int steps = 60;
        for (var number = 1; number <= steps; number++)
        {
            await Store.InsertStepAsync(Step(StepRole.Search, number), Cancellation);
        }

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var mine = new List<string>();
            foreach (var number in Enumerable.Range(1, steps).OrderBy(n => (n * 7919 + worker * 104729) % 1009))
            {
                var answer = await Store.ClaimStepAsync(
                    "a", StepId.Format(StepRole.Search, number), StepStage.Train, $"w{worker}", Noon, Noon.AddSeconds(30), Cancellation);
                if (answer.Outcome == ClaimOutcome.Claimed)
                {
                    mine.Add(answer.Claim!.StepId);
                }
            }

            return mine;
        }));

        claims.SelectMany(mine => mine).Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(1, steps).Select(n => StepId.Format(StepRole.Search, n)));
    }

    [Fact]
    public async Task Models_evaluations_curves_and_the_agents_papers_are_kept()
    {
        var model = new ModelRecord
        {
            SearchId = "a", Id = "m-0002", StepId = "s-0001", Parents = ["m-0001"], Action = Action(), Seed = 7, Digest = "d", Artifact = "models/m-0002", Bytes = 3, CreatedAt = Noon,
            DataDigests = new Dictionary<string, string> { ["tools"] = "abc" },
        };
        (await Store.InsertModelAsync(model, Cancellation)).ShouldBeTrue();
        (await Store.InsertModelAsync(model with { Digest = "other" }, Cancellation)).ShouldBeFalse();
        Same(await Store.GetModelAsync("a", "m-0002", Cancellation), model);
        (await Store.ListModelsAsync("a", Cancellation)).Count.ShouldBe(1);
        (await Store.MarkModelPrunedAsync("a", "m-0002", Noon, Cancellation)).ShouldBeTrue();
        (await Store.MarkModelPrunedAsync("a", "m-0002", Noon.AddDays(1), Cancellation)).ShouldBeFalse();
        (await Store.MarkModelPrunedAsync("a", "m-0003", Noon, Cancellation)).ShouldBeFalse();
        Same(await Store.GetModelAsync("a", "m-0002", Cancellation), model with { PrunedAt = Noon });

        var evaluation = new EvaluationRecord
        {
            SearchId = "a", StepId = "s-0001", ModelId = "m-0002", Split = EvaluationSplit.Test, Tasks = [Score(0.5)], Seconds = 2, CreatedAt = Noon,
        };
        await Store.PutEvaluationAsync(evaluation, Cancellation);
        await Store.PutEvaluationAsync(evaluation with { Seconds = 3 }, Cancellation);
        Same((await Store.ListEvaluationsAsync("a", Cancellation)).Single(), evaluation with { Seconds = 3 });

        static MetricPoint Point(int step, double loss) => new(step, new Dictionary<string, double> { ["loss"] = loss });
        await Store.AppendMetricsAsync("a", "s-0001", [Point(1, 3), Point(10, double.NaN), Point(2, 2)], Cancellation);
        await Store.AppendMetricsAsync("a", "s-0001", [Point(2, 2.5)], Cancellation);
        await Store.AppendMetricsAsync("a", "s-00011", [Point(1, 9)], Cancellation);
        (await Store.ListMetricsAsync("a", "s-0001", Cancellation)).Select(point => point.Values["loss"]).ShouldBe([3, 2.5, double.NaN]);

        var memory = new MemoryEntry { SearchId = "a", StepId = "s-0002", Text = "merging helps", SeenSteps = 1, CreatedAt = Noon };
        (await Store.InsertMemoryAsync(memory, Cancellation)).ShouldBeTrue();
        (await Store.InsertMemoryAsync(memory with { Text = "no" }, Cancellation)).ShouldBeFalse();
        (await Store.ListMemoryAsync("a", Cancellation)).ShouldBe([memory]);

        foreach (var (purpose, attempt) in new[] { (PlannerCallPurpose.Objects, 1), (PlannerCallPurpose.ActionType, 2), (PlannerCallPurpose.ActionType, 1) })
        {
            (await Store.InsertPlannerCallAsync(Call(purpose, attempt), Cancellation)).ShouldBeTrue();
        }

        (await Store.InsertPlannerCallAsync(Call(PlannerCallPurpose.Objects, 1), Cancellation)).ShouldBeFalse();
        (await Store.ListPlannerCallsAsync("a", "s-0002", Cancellation)).Select(call => (call.Purpose, call.Attempt))
            .ShouldBe([(PlannerCallPurpose.ActionType, 1), (PlannerCallPurpose.ActionType, 2), (PlannerCallPurpose.Objects, 1)]);
        (await Store.ListPlannerCallsAsync("a", "s-0009", Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_written_is_there_when_the_store_is_opened_again()
    {
        await InsertStepAsync();
        var claim = await ClaimAsync(StepStage.Train);
        var again = await OpenAsync();
        await using var disposable = (IAsyncDisposable)again;
        await again.InitializeAsync(Cancellation);
        (await again.HeartbeatAsync(claim, null, Noon.AddHours(1), Cancellation)).ShouldBe(HeartbeatAnswer.Continue);
        (await Store.GetStepAsync("a", "s-0001", Cancellation))!.LeaseUntil.ShouldBe(Noon.AddHours(1));
    }

    protected static SearchRecord Search(string id) => new()
    {
        Id = id, SpecYaml = "name: x\n", SpecFile = "search.yaml", SpecFolder = "/specs", CreatedAt = Noon, Datasets = [new DatasetInput("tools", "/data/tools.jsonl", "abc", 10)],
    };

    private static PipelineAction Action() => new()
    {
        Type = "sft", Kind = ActionKind.Train, Models = ["m-0001"], Datasets = ["tools"], Parameters = new Dictionary<string, string> { ["learning_rate"] = "2e-4" },
    };

    private static StepRecord Step(StepRole role, int number) => new()
    {
        SearchId = "a", Id = StepId.Format(role, number), Number = number, Role = role, Action = Action(), ActionKey = "k" + number, Seed = 7, ModelId = ModelId.Format(number + 1), PlannedAt = Noon,
    };

    private static TaskScore Score(double score) => new() { TaskId = "calls", Score = score, StandardError = 0.01, Count = 100, Metrics = new Dictionary<string, double> { ["parsed"] = 1 } };

    private static PlannerCall Call(PlannerCallPurpose purpose, int attempt) => new()
    {
        SearchId = "a", StepId = "s-0002", Purpose = purpose, Attempt = attempt, PromptVersion = "1", Model = "m", Messages = [new PlannerMessage("user", "choose")], Answer = "1", CreatedAt = Noon,
    };

    private static void Same<T>(T? actual, T expected) =>
        System.Text.Json.JsonSerializer.Serialize(actual, Domain.DomainJson.Options).ShouldBe(System.Text.Json.JsonSerializer.Serialize(expected, Domain.DomainJson.Options));

    private async Task InsertStepAsync() => (await Store.InsertStepAsync(Step(StepRole.Search, 1), Cancellation)).ShouldBeTrue();

    private async Task<StepClaim> ClaimAsync(StepStage stage, string worker = "w") =>
        (await Store.ClaimStepAsync("a", "s-0001", stage, worker, Noon, Noon.AddSeconds(30), Cancellation)).Claim.ShouldNotBeNull();
}
