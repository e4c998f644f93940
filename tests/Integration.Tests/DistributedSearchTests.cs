using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Steps;
using LamdAgent.Standalone.Tests;

namespace LamdAgent.Integration.Tests;

public sealed class DistributedSearchTests : IAsyncLifetime
{
    private TinySearch? search;
    private DistributedSystem? system;
    private IReadOnlyList<string> undisturbed = [];

    private DistributedSystem System => system!;

    public async ValueTask InitializeAsync()
    {
        search = await TinySearch.CreateAsync();
        (await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--out", "alone")).Code.ShouldBe(0);
        undisturbed = await search.LedgerAsync("alone");
        system = await DistributedSystem.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (system is not null)
        {
            await system.DisposeAsync();
        }

        search?.Dispose();
    }

    [Fact]
    public async Task Services_that_are_killed_lose_and_double_nothing_the_ledger_is_that_of_an_undisturbed_standalone_run()
    {
        var planner = System.Start("Planner");
        ServiceProcess[] trainers = [System.Start("Trainer"), System.Start("Trainer")];
        var merger = System.Start("Merger");
        var evaluator = System.Start("Evaluator");
        var id = await System.SubmitAsync(search!);

        // Both trainers die in the middle of a training: one of them held it.
        await System.WaitAsync(steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Running && step.Action.Kind == ActionKind.Train));
        Array.ForEach(trainers, trainer => trainer.Kill());
        System.Start("Trainer");

        await System.WaitAsync(steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Evaluating));
        evaluator.Kill();
        System.Start("Evaluator");

        await System.WaitAsync(steps => steps.Any(step => step.Action.Kind == ActionKind.Merge));
        merger.Kill();
        planner.Kill();
        System.Start("Planner");
        System.Start("Merger");

        await System.WaitForEndAsync(id);
        (await TinySearch.LedgerAsync(System.Store)).ShouldBe(undisturbed);
    }

    [Fact]
    public async Task Neither_the_broker_nor_the_store_nor_a_restart_of_everything_changes_the_ledger()
    {
        string[] names = ["Planner", "Trainer", "Merger", "Evaluator"];
        var services = names.Select(System.Start).ToList();
        var id = await System.SubmitAsync(search!);

        await System.WaitAsync(steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Running));
        foreach (var service in services)
        {
            (await service.TerminateAsync()).ShouldBe(0, $"{service.Name}: {service.Log}");
        }

        (await TinySearch.ReadStepsAsync(System.Store)).ShouldAllBe(step => step.LeaseHolder == null, "a service that is told to stop gives its step back");
        services = [.. names.Select(System.Start)];

        await System.WaitAsync(steps => steps.Any(step => step.Role == StepRole.Search && step.IsTerminal));
        await System.Broker.StopAsync();
        await System.Broker.StartAgainAsync();

        await System.WaitAsync(steps => steps.Count(step => step.Role == StepRole.Search && step.IsTerminal) >= 3);
        System.Mongo.Suspend();
        await Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken); // longer than a lease
        System.Mongo.Continue();

        await System.WaitForEndAsync(id);
        (await TinySearch.LedgerAsync(System.Store)).ShouldBe(undisturbed);
    }
}
