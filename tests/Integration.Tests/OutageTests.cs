using LamdAgent.Domain.Steps;
using LamdAgent.Integration.Tests.Support;

namespace LamdAgent.Integration.Tests;

public sealed class OutageTests(Laboratory laboratory)
{
    [Fact]
    public async Task Neither_the_broker_nor_the_store_nor_a_restart_of_everything_changes_the_ledger()
    {
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        string[] names = ["Planner", "Trainer", "Merger", "Evaluator"];
        var services = names.Select(system.Start).ToList();
        var id = await system.SubmitAsync(laboratory.Tiny);

        await system.WaitAsync(id, steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Running));
        foreach (var service in services)
        {
            (await service.TerminateAsync()).ShouldBe(0, $"{service.Name}: {service.Log}");
        }

        (await system.Store.ListStepsAsync(id, TestContext.Current.CancellationToken)).ShouldAllBe(step => step.LeaseHolder == null, "a service that is told to stop gives its step back");
        services = [.. names.Select(system.Start)];

        await system.WaitAsync(id, steps => steps.Any(step => step.Role == StepRole.Search && step.IsTerminal));
        await laboratory.Broker.StopAsync();
        await laboratory.Broker.StartAgainAsync();

        await system.WaitAsync(id, steps => steps.Count(step => step.Role == StepRole.Search && step.IsTerminal) >= 3);
        laboratory.Mongo.Suspend();
        await Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken); // longer than a lease
        laboratory.Mongo.Continue();

        await system.ShouldEndUndisturbedAsync(id, laboratory.Tiny);
    }
}
