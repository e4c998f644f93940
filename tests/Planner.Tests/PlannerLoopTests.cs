using CsCheck;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage.Sqlite;
using LamdAgent.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace LamdAgent.Planner.Tests;

public sealed class PlannerLoopTests
{
    [Theory]
    [InlineData("random")]
    [InlineData("greedy")]
    public async Task A_search_runs_to_its_end_and_reads_the_test_once(string strategy)
    {
        var search = new SearchHarness(SearchHarness.Yaml.Replace("strategy: greedy", $"strategy: {strategy}", StringComparison.Ordinal));
        (await search.RunAsync()).ShouldBe(SearchStatus.Completed);
        var steps = await search.Steps();

        steps.Count(s => s.Role == StepRole.Search).ShouldBe(8);
        steps.Where(s => s.Role == StepRole.Reference).Select(s => s.ModelId).ShouldBe(["m-0001", "ref-sft"]);
        steps.Where(s => s.Action.Split == EvaluationSplit.Test).Select(s => s.Role).Distinct().ShouldBe([StepRole.Final]);
        steps.Where(s => s.Role == StepRole.Final).Select(s => s.ModelId).ShouldBeUnique();
        steps.Where(s => s.Role == StepRole.Search).Select(s => s.ActionKey).ShouldBeUnique();
        steps.Single(s => s.Id == "s-0003").ModelId.ShouldBe("m-0004");
        (await search.Store.ListModelsAsync("toy", default)).Count.ShouldBe(10);
    }

    [Fact]
    public async Task On_sqlite_the_ledger_is_the_same()
    {
        var inMemory = new SearchHarness();
        await inMemory.RunAsync();
        using var folder = new TemporaryFolder();
        var store = SqliteRunStore.Open(folder["run.db"]);
        await using var closing = store as IAsyncDisposable;
        var onDisk = new SearchHarness(store: store);
        (await onDisk.RunAsync(new Random(3))).ShouldBe(SearchStatus.Completed);
        (await onDisk.LedgerAsync()).ShouldBe(await inMemory.LedgerAsync());
    }

    [Fact]
    public async Task A_command_that_could_not_be_sent_is_sent_with_the_next_look()
    {
        var search = new SearchHarness { DispatchFails = true };
        await Should.ThrowAsync<IOException>(search.AdvanceAsync());
        search.Sent.ShouldBeEmpty();
        search.DispatchFails = false;
        await search.AdvanceAsync();
        search.Sent.Select(s => s.StepId).ShouldBe(["r-0001", "r-0002"]);
    }

    [Fact]
    public async Task Greedy_finds_a_merge_that_beats_base_and_plain_sft_without_losing_instructions()
    {
        var search = new SearchHarness();
        await search.RunAsync();
        var snapshot = await search.SnapshotAsync();
        var best = SearchDriver.Best(snapshot)!;

        snapshot.SearchSteps.ShouldContain(s => s.Action.Kind == ActionKind.Merge);
        best.Score.Score.ShouldBeGreaterThan(0.6);
        best.Score.Tasks[1].Score.ShouldBeGreaterThanOrEqualTo(0.85);
        SearchDriver.Standings(snapshot).ShouldContain(s => !s.IsEligible && s.Score.Score < best.Score.Score);
    }

    [Theory]
    [InlineData("random")]
    [InlineData("greedy")]
    public void The_order_in_which_steps_end_changes_nothing(string strategy)
    {
        var reference = new Dictionary<int, string>();
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 100_000]).Sample((inFlight, seed) =>
        {
            var yaml = SearchHarness.Yaml.Replace("{strategy: greedy}", $"{{strategy: {strategy}, steps_in_flight: {inFlight}}}", StringComparison.Ordinal);
            string Run(Random? order)
            {
                var search = new SearchHarness(yaml) { Fails = s => s.Id is "s-0003" ? new StepFailure(StepFailureKind.TrainingDiverged, "nan") : null };
                search.RunAsync(order).GetAwaiter().GetResult().ShouldBe(SearchStatus.Completed);
                return search.LedgerAsync().GetAwaiter().GetResult();
            }

            lock (reference)
            {
                if (!reference.ContainsKey(inFlight))
                {
                    reference[inFlight] = Run(null);
                }
            }

            Run(new Random(seed)).ShouldBe(reference[inFlight]);
        }, iter: 40);
    }

    [Fact]
    public async Task Another_seed_is_another_search_and_more_steps_in_flight_are_really_in_flight()
    {
        var one = new SearchHarness(SearchHarness.Yaml.Replace("strategy: greedy", "strategy: random", StringComparison.Ordinal));
        var two = new SearchHarness(SearchHarness.Yaml.Replace("strategy: greedy", "strategy: random", StringComparison.Ordinal).Replace("seed: 1", "seed: 2", StringComparison.Ordinal));
        await one.RunAsync();
        await two.RunAsync();
        (await one.LedgerAsync()).ShouldNotBe(await two.LedgerAsync());

        var wide = new SearchHarness(SearchHarness.Yaml.Replace("{strategy: greedy}", "{strategy: greedy, steps_in_flight: 3}", StringComparison.Ordinal));
        await wide.AdvanceAsync();
        await wide.WorkAsync((await wide.Steps())[0]);
        await wide.AdvanceAsync();
        (await wide.Steps()).Count(s => s.Role == StepRole.Search && !s.IsTerminal).ShouldBe(3);
    }

    [Fact]
    public async Task A_failed_step_has_no_score_and_does_not_stop_the_search()
    {
        var search = new SearchHarness { Fails = s => s.Number % 2 == 0 && s.Role == StepRole.Search ? new StepFailure(StepFailureKind.MergeRejected, "shapes") : null };
        (await search.RunAsync()).ShouldBe(SearchStatus.Completed);
        var failed = (await search.Steps()).Where(s => s.State == StepState.Failed).ToList();

        failed.Count.ShouldBe(4);
        failed.ShouldAllBe(s => s.Scores == null);
        SearchDriver.Standings(await search.SnapshotAsync()).ShouldNotContain(s => failed.Any(f => f.ModelId == s.ModelId));
    }

    [Fact]
    public async Task Without_a_score_for_the_base_there_is_no_search()
    {
        var search = new SearchHarness { Fails = s => s.Id == "r-0001" ? new StepFailure(StepFailureKind.EvaluationRejected, "no such task") : null };
        (await search.RunAsync()).ShouldBe(SearchStatus.Failed);
        (await search.Store.GetSearchAsync("toy", default))!.StatusReason.ShouldBe("the base model could not be scored: no such task");
    }

    [Fact]
    public async Task A_small_space_ends_when_everything_was_done()
    {
        var yaml = SearchHarness.Yaml.Replace("sft: {learning_rate: [1e-3, 2e-3]}", "sft: {learning_rate: 1e-3, datasets: [mixed]}", StringComparison.Ordinal)
            .Replace("  linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}\n  task_arithmetic: {weight: [0.5, 1.0]}\n", "", StringComparison.Ordinal)
            .Replace("steps: 8", "steps: 3", StringComparison.Ordinal)
            .Replace("strategy: greedy", "strategy: random", StringComparison.Ordinal);
        var search = new SearchHarness(yaml) { Fails = s => s.Id == "s-0001" ? new StepFailure(StepFailureKind.TrainingDiverged, "nan") : null };

        // The only action failed; nothing is left to do.
        (await search.RunAsync()).ShouldBe(SearchStatus.Completed);
        (await search.Steps()).Count(s => s.Role == StepRole.Search).ShouldBe(1);
        (await search.Steps()).Count(s => s.Role == StepRole.Final).ShouldBe(2);
    }

    [Fact]
    public async Task Wall_time_is_time_that_a_planner_drove_and_ends_the_search()
    {
        var search = new SearchHarness(SearchHarness.Yaml.Replace("steps: 8", "steps: 100, wall_time: 60s", StringComparison.Ordinal));
        for (var i = 0; i < 200 && await search.AdvanceAsync() == SearchStatus.Running; i++)
        {
            search.Clock.Advance(TimeSpan.FromSeconds(5));
            if ((await search.Steps()).FirstOrDefault(s => !s.IsTerminal) is { } open)
            {
                await search.WorkAsync(open);
            }
        }

        var record = (await search.Store.GetSearchAsync("toy", default))!;
        record.Status.ShouldBe(SearchStatus.Completed);
        record.ActiveSeconds.ShouldBeInRange(60, 120);
        (await search.Steps()).Count(s => s.Role == StepRole.Search).ShouldBeInRange(1, 12);
        (await search.Steps()).Count(s => s.Role == StepRole.Final).ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Working_hours_end_the_search()
    {
        var search = new SearchHarness(SearchHarness.Yaml.Replace("steps: 8", "steps: 100, gpu_hours: 0.0025", StringComparison.Ordinal));
        (await search.RunAsync()).ShouldBe(SearchStatus.Completed);
        (await search.Steps()).Count(s => s.Role == StepRole.Search).ShouldBe(3);
    }

    [Fact]
    public async Task A_restarted_planner_goes_on_and_sends_again_what_was_not_claimed()
    {
        var undisturbed = new SearchHarness();
        await undisturbed.RunAsync();

        var first = new SearchHarness();
        for (var i = 0; i < 7; i++)
        {
            await first.AdvanceAsync();
            await first.WorkAsync((await first.Steps()).First(s => !s.IsTerminal));
        }

        await first.AdvanceAsync();
        first.Clock.Advance(TimeSpan.FromMinutes(1));
        var second = new SearchHarness(store: first.Store, owner: "planner-b", clock: first.Clock);
        await second.AdvanceAsync();
        second.Sent.ShouldNotBeEmpty();
        await second.RunAsync();
        (await second.LedgerAsync()).ShouldBe(await undisturbed.LedgerAsync());
    }

    [Fact]
    public async Task Two_planners_never_drive_one_search()
    {
        var first = new SearchHarness();
        await first.AdvanceAsync();
        var second = new SearchHarness(store: first.Store, owner: "planner-b", clock: first.Clock);
        await second.AdvanceAsync();
        second.Sent.ShouldBeEmpty();

        first.Clock.Advance(TimeSpan.FromSeconds(31));
        await second.AdvanceAsync();
        second.Sent.ShouldNotBeEmpty();
        var sent = first.Sent.Count;
        await first.AdvanceAsync();
        first.Sent.Count.ShouldBe(sent);

        await second.Loop.ReleaseAsync(default);
        await first.AdvanceAsync();
        (await first.Store.GetSearchAsync("toy", default))!.PlannerOwner.ShouldBe("planner-a");
    }

    [Fact]
    public async Task A_planner_that_slept_while_its_agent_thought_leaves_the_search_to_the_one_that_took_over()
    {
        var yaml = SearchHarness.Yaml.Replace("strategy: greedy", "strategy: llm, llm: {provider: openai, endpoint: \"http://127.0.0.1\", model: toy}", StringComparison.Ordinal);
        var thinking = new HeldChatModel();
        var first = new SearchHarness(yaml, _ => thinking);
        await first.AdvanceAsync();
        await first.WorkOffAsync();

        var deciding = first.AdvanceAsync();
        await thinking.Asked;

        // A clock of its own: to the first planner no time passes, as to a process that is stopped.
        var later = new FakeTimeProvider(first.Clock.GetUtcNow().AddMinutes(1));
        var second = new SearchHarness(yaml, _ => new HeldChatModel(answered: true), first.Store, "planner-b", later);
        await second.AdvanceAsync();
        var before = await second.LedgerAsync();
        before.ShouldContain("s-0001");
        var sent = first.Sent.Count;

        thinking.Answer();
        (await deciding).ShouldBe(SearchStatus.Running);
        (await second.LedgerAsync()).ShouldBe(before);
        first.Sent.Count.ShouldBe(sent);
        (await first.Store.GetSearchAsync("toy", default))!.PlannerOwner.ShouldBe("planner-b");
    }

    [Fact]
    public async Task A_search_whose_agent_thinks_holds_up_no_other()
    {
        var thinking = new HeldChatModel();
        var search = new SearchHarness(SearchHarness.Yaml.Replace("strategy: greedy", "strategy: llm, llm: {provider: openai, endpoint: \"http://127.0.0.1\", model: toy}", StringComparison.Ordinal), _ => thinking);
        await search.AdvanceAsync();
        await search.WorkOffAsync();

        var sweep = search.Loop.SweepAsync(default);
        await thinking.Asked;
        var other = (await search.Store.GetSearchAsync("toy", default))! with { Id = "other", SpecYaml = SearchHarness.Yaml, PlannerOwner = null, PlannerUntil = null };
        await search.Store.InsertModelAsync((await search.Store.ListModelsAsync("toy", default)).First(m => m.Id == "m-0001") with { SearchId = "other" }, default);
        await search.Store.CreateSearchAsync(other, default);

        await search.Loop.SweepAsync(default);

        (await search.Store.ListStepsAsync("other", default)).ShouldNotBeEmpty();
        sweep.IsCompleted.ShouldBeFalse();
        thinking.Answer();
        await sweep;
    }

    [Fact]
    public async Task A_lost_lease_is_sent_again_and_too_many_fail_the_step()
    {
        var search = new SearchHarness();
        await search.AdvanceAsync();
        search.Sent.Count(s => s.StepId == "r-0002").ShouldBe(1);
        for (var i = 0; i < 5; i++)
        {
            var now = search.Clock.GetUtcNow();
            (await search.Store.ClaimStepAsync("toy", "r-0002", StepStage.Train, "w", now, now.AddSeconds(20), default)).Outcome.ShouldBe(ClaimOutcome.Claimed);
            await search.AdvanceAsync();
            search.Sent.Count(s => s.StepId == "r-0002").ShouldBe(i + 1);
            search.Clock.Advance(TimeSpan.FromSeconds(25));
            await search.AdvanceAsync();
        }

        var step = (await search.Store.GetStepAsync("toy", "r-0002", default))!;
        step.State.ShouldBe(StepState.Failed);
        step.Failure!.Kind.ShouldBe(StepFailureKind.Faulted);
        (await search.RunAsync()).ShouldBe(SearchStatus.Completed);
    }

    [Fact]
    public async Task Pause_plans_nothing_and_cancel_ends_open_steps()
    {
        var search = new SearchHarness();
        await search.AdvanceAsync();
        var now = search.Clock.GetUtcNow();
        await search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Running], SearchStatus.Paused, "by request", now, default);
        foreach (var step in await search.Steps())
        {
            await search.WorkAsync(step);
        }

        (await search.AdvanceAsync()).ShouldBe(SearchStatus.Paused);
        (await search.Steps()).ShouldAllBe(s => s.Role == StepRole.Reference);

        await search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Paused], SearchStatus.Running, null, now, default);
        await search.AdvanceAsync();
        (await search.Steps()).ShouldContain(s => s.Role == StepRole.Search);

        // Workers put aside what they are sent of a paused search. It is sent again when the search goes on, also when another process was asked for that.
        var sent = search.Sent.Count;
        await search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Running], SearchStatus.Paused, "by request", now, default);
        await search.Loop.SweepAsync(default);
        search.Sent.Count.ShouldBe(sent);
        await search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Paused], SearchStatus.Running, null, now, default);
        await search.Loop.SweepAsync(default);
        var due = (await search.Steps()).Where(s => !s.IsTerminal).Select(s => (s.Id, s.DueStage!.Value)).ToList();
        due.Count.ShouldBeGreaterThan(1);
        search.Sent.Skip(sent).ShouldBe(due);
        await search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Running], SearchStatus.Cancelled, "by request", now, default);
        await search.AdvanceAsync();
        (await search.Steps()).ShouldAllBe(s => s.IsTerminal);
    }

    [Fact]
    public async Task Two_actions_are_the_same_work_exactly_when_their_keys_are_equal()
    {
        var search = new SearchHarness(SearchHarness.Yaml.Replace("strategy: greedy", "strategy: random", StringComparison.Ordinal));
        await search.RunAsync();
        var snapshot = await search.SnapshotAsync();
        var view = LedgerView.For(snapshot, snapshot.SearchSteps.Count + 1);
        var actions = snapshot.Spec.Actions.SelectMany(view.Space.Enumerate).Concat(snapshot.SearchSteps.Select(s => s.Action)).ToList();
        actions.Count.ShouldBeGreaterThan(100);
        actions.Select(snapshot.KeyOf).Distinct().Count().ShouldBeLessThan(actions.Count);
        actions.Select(a => (snapshot.KeyOf(a), snapshot.WorkOf(a))).Distinct().Count().ShouldBe(actions.Select(snapshot.KeyOf).Distinct().Count());
        actions.Select(snapshot.WorkOf).Distinct().Count().ShouldBe(actions.Select(snapshot.KeyOf).Distinct().Count());
        actions.Count(view.IsNew).ShouldBe(actions.Count(a => snapshot.SearchSteps.All(s => s.ActionKey != snapshot.KeyOf(a))));
    }
}
