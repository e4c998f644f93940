using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LamdAgent.Domain.Steps;
using LamdAgent.Integration.Tests.Support;

namespace LamdAgent.Integration.Tests;

public sealed partial class InterruptedTrainingTests(Laboratory laboratory)
{
    // What Kubernetes grants by default, and Bus__StopTimeout keeps below.
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_trainer_that_is_killed_or_told_to_stop_is_relieved_by_another_from_its_checkpoint()
    {
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        await system.StartAsync("Planner", "Evaluator", "Trainer", "Trainer");
        var id = await system.SubmitAsync(laboratory.LongTrainings);

        // SIGKILL: at most what was computed since the last checkpoint is lost.
        var (step, killed) = await system.WaitForCheckpointAsync(id, 1);
        killed.Kill();
        var kept = system.NewestCheckpoint(id, step.Id)!.Value;
        var (_, successor) = await system.WaitForCheckpointAsync(id, 1, not: killed);
        Resumed(await successor.WaitForLogAsync($"{step.Id}: resumed")).ShouldBe((kept, Laboratory.LongTrainingSteps));

        // SIGTERM: nothing is lost.
        var another = system.Start("Trainer");
        var (next, stopped) = await system.WaitForCheckpointAsync(id, 2);
        var stopping = Stopwatch.StartNew();
        (await stopped.TerminateAsync()).ShouldBe(0, stopped.Log);
        stopping.Elapsed.ShouldBeLessThan(GracePeriod);
        var reached = StoppedAt().Match(stopped.FindLog($"{next.Id}: stopped at").ShouldNotBeNull(stopped.Log)).Groups[1].Value;
        var heir = stopped == another ? successor : another;
        Resumed(await heir.WaitForLogAsync($"{next.Id}: resumed")).ShouldBe((int.Parse(reached, CultureInfo.InvariantCulture), Laboratory.LongTrainingSteps));

        await system.ShouldEndUndisturbedAsync(id, laboratory.LongTrainings);
    }

    [Fact]
    public async Task A_trainer_that_wakes_up_after_its_lease_was_given_away_is_refused_spoils_nothing_and_goes_on_serving()
    {
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        await system.StartAsync("Planner", "Evaluator", "Trainer", "Trainer");
        var id = await system.SubmitAsync(laboratory.LongTrainings);

        // It wakes up while another trains in its place.
        var (step, first) = await system.WaitForCheckpointAsync(id, 1);
        first.Suspend();
        var (_, second) = await system.WaitForCheckpointAsync(id, 1, not: first);
        first.Continue();
        await first.WaitForLogAsync($"{step.Id}: work stopped, the claim is Lost");
        var holder = (await system.Store.GetStepAsync(id, step.Id, TestContext.Current.CancellationToken))!;
        (holder.State, holder.LeaseHolder).ShouldBe((StepState.Running, second.Name), "the training goes on where it went");

        // It wakes up when the other is done. Whichever of the two has the next step, the other one takes it over: both still serve.
        var (next, asleep) = await system.WaitForCheckpointAsync(id, 2);
        asleep.Suspend();
        await system.WaitAsync(id, steps => steps.Any(s => s.Id == next.Id && s.DueStage != StepStage.Train));
        asleep.Continue();
        await asleep.WaitForLogAsync($"{next.Id}: work stopped, the claim is Lost");

        await system.ShouldEndUndisturbedAsync(id, laboratory.LongTrainings);
        foreach (var training in new[] { step, next })
        {
            (await system.Store.ListMetricsAsync(id, training.Id, TestContext.Current.CancellationToken)).Select(point => point.OptimizerStep)
                .ShouldBe(Enumerable.Range(1, Laboratory.LongTrainingSteps), "one point of the curve for each optimizer step");
        }

        system.ArtifactFolders(id, "models").ShouldBe([step.ModelId, next.ModelId], "no copy and no draft is left");
        system.ArtifactFolders(id, "work").ShouldBeEmpty("no checkpoint is left");
    }

    private static (int Step, int Of) Resumed(string line)
    {
        var match = ResumedAt().Match(line);
        match.Success.ShouldBeTrue(line);
        return (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("resumed at step ([0-9]+) of ([0-9]+) from its checkpoint", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ResumedAt();

    [GeneratedRegex("stopped at step ([0-9]+) of", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StoppedAt();
}
