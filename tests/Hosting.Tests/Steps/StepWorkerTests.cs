using LamdAgent.Contracts;
using LamdAgent.Domain;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Hosting.Tests.Steps;

public sealed class StepWorkerTests : IAsyncLifetime
{
    private readonly StepWorkerFixture fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => fixture.InitializeAsync();

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task A_result_is_written_the_model_recorded_and_the_event_published()
    {
        await fixture.RunAsync(StepStage.Train, (_, _) => Task.FromResult<StepOutcome>(new StepOutcome.Produced(new ProducedModel("digest", "models/m-0002", 5))));

        var step = await fixture.GetStepAsync();
        (step.State, step.LeaseHolder).ShouldBe((StepState.Produced, null));
        (await fixture.Store.GetModelAsync("a", "m-0002", Cancellation))!.Digest.ShouldBe("digest");
        fixture.Events.ShouldBe([new ModelTrained { SearchId = "a", StepId = "s-0001", ModelId = "m-0002", Digest = "digest" }]);
    }

    [Fact]
    public async Task Scores_are_written_with_the_evaluation()
    {
        await fixture.ProduceAsync();
        var evaluation = new EvaluationRecord
        {
            SearchId = "a", StepId = "s-0001", ModelId = "m-0002", Split = EvaluationSplit.Validation, CreatedAt = fixture.Clock.GetUtcNow(),
            Tasks = [new TaskScore { TaskId = "calls", Score = 0.5, StandardError = 0.1, Count = 10 }],
        };
        await fixture.RunAsync(StepStage.Evaluate, (_, _) => Task.FromResult<StepOutcome>(new StepOutcome.Scored(evaluation)));

        (await fixture.GetStepAsync()).Scores!.Single().Score.ShouldBe(0.5);
        (await fixture.Store.ListEvaluationsAsync("a", Cancellation)).ShouldHaveSingleItem();
        fixture.Events.Last().ShouldBeOfType<ModelEvaluated>();
    }

    [Fact]
    public async Task A_command_that_comes_twice_is_done_once()
    {
        await fixture.ProduceAsync();
        await fixture.RunAsync(StepStage.Train, (_, _) => throw new InvalidOperationException("must not run"));
        fixture.Events.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_command_goes_to_the_most_urgent_step_that_waits_and_none_is_left_without_one()
    {
        var done = new List<string>();
        Task TakeCommandAsync(string search) => fixture.RunAsync(
            StepStage.Train,
            (work, _) =>
            {
                done.Add(work.Search.Id);
                return Task.FromResult<StepOutcome>(new StepOutcome.Produced(new ProducedModel("digest", "models/m-0002", 5)));
            },
            search);
        foreach (var (id, priority) in new[] { ("same", 0), ("urgent", 5), ("paused", 9), ("unsent", 9) })
        {
            await fixture.AddSearchAsync(id, priority);
            await (id == "unsent" ? Task.CompletedTask : fixture.Store.MarkDispatchedAsync(id, "s-0001", StepStage.Train, fixture.Clock.GetUtcNow(), Cancellation));
        }

        await fixture.Store.MarkDispatchedAsync("a", "s-0001", StepStage.Train, fixture.Clock.GetUtcNow(), Cancellation);
        await fixture.Store.ChangeSearchStatusAsync("paused", [SearchStatus.Running], SearchStatus.Paused, null, fixture.Clock.GetUtcNow(), Cancellation);
        await TakeCommandAsync("same"); // a more urgent one waits
        await TakeCommandAsync("a"); // none of the same priority goes before
        await TakeCommandAsync("urgent"); // done already: what is left
        await TakeCommandAsync("same"); // nothing is left
        await TakeCommandAsync("paused"); // its search rests, even when its command is on the way
        done.ShouldBe(["urgent", "a", "same"]);
        await fixture.Store.ChangeSearchStatusAsync("paused", [SearchStatus.Paused], SearchStatus.Running, null, fixture.Clock.GetUtcNow(), Cancellation);
        await TakeCommandAsync("paused");
        done[^1].ShouldBe("paused");
    }

    [Fact]
    public async Task A_command_that_names_nothing_is_refused_and_permits_no_other_step()
    {
        await fixture.Store.MarkDispatchedAsync("a", "s-0001", StepStage.Train, fixture.Clock.GetUtcNow(), Cancellation);
        (await Should.ThrowAsync<InvalidInputException>(fixture.RunAsync(StepStage.Train, (_, _) => throw new InvalidOperationException("must not run"), "nowhere")))
            .Message.ShouldBe("the step nowhere/s-0001 is not in the store");
        (await fixture.GetStepAsync()).Attempt.ShouldBe(0);
    }

    [Fact]
    public async Task A_command_for_a_step_that_another_worker_holds_is_put_aside()
    {
        await fixture.ClaimAsAnotherAsync();
        await fixture.RunAsync(StepStage.Train, (_, _) => throw new InvalidOperationException("must not run"));
        (await fixture.GetStepAsync()).LeaseHolder.ShouldBe("another");
    }

    [Fact]
    public async Task What_a_person_must_mend_fails_the_step_with_its_reason()
    {
        await fixture.RunAsync(StepStage.Train, (_, _) => throw new InvalidInputException("tools.jsonl", 7, "the row has no messages"));

        var step = await fixture.GetStepAsync();
        (step.State, step.Failure).ShouldBe((StepState.Failed, new StepFailure(StepFailureKind.TrainingRejected, "tools.jsonl:7: the row has no messages")));
        fixture.Events.ShouldBe([new TrainingRejected { SearchId = "a", StepId = "s-0001", Reason = "tools.jsonl:7: the row has no messages" }]);
    }

    [Fact]
    public async Task An_unexpected_error_gives_the_step_back_until_the_attempts_are_used_up()
    {
        for (var attempt = 1; attempt < 3; attempt++)
        {
            await Should.ThrowAsync<NotSupportedException>(() => fixture.RunAsync(StepStage.Train, (_, _) => throw new NotSupportedException("oh")));
            var between = await fixture.GetStepAsync();
            (between.IsTerminal, between.LeaseHolder, between.Attempt).ShouldBe((false, null, attempt));
        }

        await fixture.RunAsync(StepStage.Train, (_, _) => throw new NotSupportedException("oh"));
        (await fixture.GetStepAsync()).Failure.ShouldBe(new StepFailure(StepFailureKind.Faulted, "NotSupportedException: oh"));
        fixture.Events.Select(e => e.GetType()).ShouldBe([typeof(StepReleased), typeof(StepReleased), typeof(StepFaulted)]);
    }

    [Fact]
    public async Task A_worker_that_lost_its_claim_stops_and_writes_nothing()
    {
        await fixture.RunAsync(StepStage.Train, async (_, stop) =>
        {
            // Asleep for longer than the lease; another worker takes the step, and the next heartbeat says so.
            fixture.Clock.AdvanceWithoutTimers(TimeSpan.FromMinutes(2));
            await fixture.ClaimAsAnotherAsync();
            await fixture.AdvanceUntilCancelledAsync(stop);
            throw new OperationCanceledException(stop);
        });

        var step = await fixture.GetStepAsync();
        (step.State, step.LeaseHolder).ShouldBe((StepState.Running, "another"));
        fixture.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_result_that_comes_after_the_claim_was_lost_is_refused()
    {
        await fixture.RunAsync(StepStage.Train, async (_, _) =>
        {
            fixture.Clock.AdvanceWithoutTimers(TimeSpan.FromMinutes(2));
            await fixture.ClaimAsAnotherAsync();
            return new StepOutcome.Produced(new ProducedModel("zombie", "models/m-0002", 5));
        });

        (await fixture.GetStepAsync()).Product.ShouldBeNull();
        fixture.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_error_of_a_worker_whose_claim_was_given_away_is_nobodys_business()
    {
        await fixture.RunAsync(StepStage.Train, async (_, _) =>
        {
            fixture.Clock.AdvanceWithoutTimers(TimeSpan.FromMinutes(2));
            await fixture.ClaimAsAnotherAsync();
            throw new DirectoryNotFoundException("the new holder took the checkpoints");
        });

        (await fixture.GetStepAsync()).LeaseHolder.ShouldBe("another");
        fixture.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_kept_for_a_successor_goes_when_the_result_is_accepted_and_not_before()
    {
        var deleted = 0;
        StepOutcome Produced() => new StepOutcome.Produced(new ProducedModel("digest", "models/m-0002", 5)) { Accepted = () => deleted++ };
        await fixture.RunAsync(StepStage.Train, async (_, _) =>
        {
            fixture.Clock.AdvanceWithoutTimers(TimeSpan.FromMinutes(2));
            await fixture.ClaimAsAnotherAsync();
            return Produced();
        });
        deleted.ShouldBe(0);

        fixture.Clock.AdvanceWithoutTimers(TimeSpan.FromMinutes(10));
        await fixture.RunAsync(StepStage.Train, (_, _) =>
        {
            deleted.ShouldBe(0);
            return Task.FromResult(Produced());
        });
        deleted.ShouldBe(1);
    }

    [Fact]
    public async Task Heartbeats_keep_the_lease_and_carry_the_progress()
    {
        await fixture.RunAsync(StepStage.Train, async (work, _) =>
        {
            work.Progress.Report(new StepProgress(0.25, "step 1/4"));
            for (var second = 0; second < 120; second += 5)
            {
                await fixture.AdvanceOneHeartbeatAsync();
            }

            (await fixture.GetStepAsync()).Progress.ShouldBe(new StepProgress(0.25, "step 1/4"));
            return new StepOutcome.Produced(new ProducedModel("digest", "models/m-0002", 5));
        });

        (await fixture.GetStepAsync()).State.ShouldBe(StepState.Produced);
    }

    [Fact]
    public async Task A_stopping_process_gives_its_step_back()
    {
        await fixture.RunAsync(StepStage.Train, async (_, stop) =>
        {
            fixture.Lifetime.StopApplication();
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException("not reached");
        });

        var step = await fixture.GetStepAsync();
        (step.State, step.LeaseHolder, step.DispatchedAt).ShouldBe((StepState.Running, null, null));
    }

    [Fact]
    public async Task A_cancelled_step_stops_its_worker()
    {
        await fixture.RunAsync(StepStage.Train, async (_, stop) =>
        {
            await fixture.Store.CancelStepAsync("a", "s-0001", fixture.Clock.GetUtcNow(), Cancellation);
            await fixture.AdvanceUntilCancelledAsync(stop);
            throw new OperationCanceledException(stop);
        });
        (await fixture.GetStepAsync()).State.ShouldBe(StepState.Cancelled);
    }

    [Fact]
    public async Task A_full_disk_is_not_held_against_the_step()
    {
        var full = new InvalidInputException("/data", null, "the disk is full", new IOException("no space left", 28));
        await fixture.RunAsync(StepStage.Train, (_, _) => throw full);

        fixture.Faults.ShouldBe([full]);
        var step = await fixture.GetStepAsync();
        (step.IsTerminal, step.LeaseHolder).ShouldBe((false, null));
    }
}
