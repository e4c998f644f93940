using System.Collections.Concurrent;
using LamdAgent.Domain.Steps;
using LamdAgent.Integration.Tests.Support;

namespace LamdAgent.Integration.Tests;

public sealed class ScaleOutTests(Laboratory laboratory)
{
    [Fact]
    public async Task Searches_share_competing_trainers_and_two_planners_never_both_drive_one()
    {
        string[] specs = [laboratory.Tiny, laboratory.InFlight(seed: 4, stepsInFlight: 3), laboratory.InFlight(seed: 5, stepsInFlight: 2)];
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        var services = await system.StartAsync("Planner", "Planner", "Trainer", "Trainer", "Trainer", "Merger", "Evaluator");
        var ids = new List<string>();
        foreach (var spec in specs)
        {
            ids.Add(await system.SubmitAsync(spec));
        }

        using var watching = new CancellationTokenSource();
        var drivers = new ConcurrentDictionary<(string Search, long Token, string Owner), bool>();
        var watch = WatchDriversAsync(system, ids, drivers, watching.Token);

        // The planner that drives the longest search falls asleep: the other one takes over all that it drove, and keeps it when the first wakes up.
        await system.WaitAsync(ids[0], steps => steps.Any(s => s.Role == StepRole.Search && s.IsTerminal));
        var first = await DriverAsync(system, ids[0]);
        first.Suspend();
        await WaitForDriverAsync(system, ids[0], driver => driver is not null && driver != first);
        var second = await DriverAsync(system, ids[0]);
        first.Continue();
        await system.WaitAsync(ids[0], steps => steps.Count(s => s.Role == StepRole.Search && s.IsTerminal) >= 3);
        (await DriverAsync(system, ids[0])).ShouldBe(second);

        // And one that dies is followed by the one that stood by.
        second.Kill();
        await WaitForDriverAsync(system, ids[0], driver => driver == first);

        for (var i = 0; i < specs.Length; i++)
        {
            await system.ShouldEndUndisturbedAsync(ids[i], specs[i]);
        }

        await watching.CancelAsync();
        await watch;
        drivers.Keys.GroupBy(seen => (seen.Search, seen.Token)).ShouldAllBe(seen => seen.Count() == 1, "a right to drive belongs to one planner");
        var said = new List<int>();
        foreach (var id in ids)
        {
            said.AddRange((await system.Store.ListStepsAsync(id, TestContext.Current.CancellationToken)).Select(step => services.Take(2).Sum(planner => planner.CountLog($"Search {id}: {step.Id} ="))));
        }

        // Once each; the planner that was killed may have had no time to say what it planned last.
        said.ShouldAllBe(times => times <= 1);
        said.Sum().ShouldBeGreaterThan(said.Count / 2);

        services.Where(service => service.Service == "Trainer").Count(trainer => trainer.CountLog("Train begins") > 0).ShouldBeGreaterThan(1, "trainers compete");
        var parallel = (await system.Store.ListStepsAsync(ids[1], TestContext.Current.CancellationToken)).Where(s => s.Role == StepRole.Search).ToList();
        parallel[2].PlannedAt.ShouldBeLessThan(parallel[0].FinishedAt!.Value, "three steps of one search were under way at once");
    }

    private static async Task WatchDriversAsync(DistributedSystem system, IReadOnlyList<string> ids, ConcurrentDictionary<(string Search, long Token, string Owner), bool> seen, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            foreach (var id in ids)
            {
                if (await system.Store.GetSearchAsync(id, CancellationToken.None) is { PlannerOwner: { } owner } search)
                {
                    seen[(id, search.PlannerToken, owner)] = true;
                }
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    private static async Task<ServiceProcess> DriverAsync(DistributedSystem system, string id) => (await FindDriverAsync(system, id)).ShouldNotBeNull("nobody drives it");

    private static async Task<ServiceProcess?> FindDriverAsync(DistributedSystem system, string id)
    {
        var search = await system.Store.GetSearchAsync(id, CancellationToken.None);
        return system.Services.SingleOrDefault(service => service.Name == search!.PlannerOwner);
    }

    private static async Task WaitForDriverAsync(DistributedSystem system, string id, Func<ServiceProcess?, bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition(await FindDriverAsync(system, id)))
        {
            await Task.Delay(200, patience.Token);
        }
    }
}
