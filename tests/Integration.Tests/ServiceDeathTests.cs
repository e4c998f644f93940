using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Steps;
using LamdAgent.Integration.Tests.Support;

namespace LamdAgent.Integration.Tests;

public sealed class ServiceDeathTests(Laboratory laboratory)
{
    [Fact]
    public async Task Planner_merger_and_evaluator_that_are_killed_lose_and_double_nothing()
    {
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        var planner = system.Start("Planner");
        var merger = system.Start("Merger");
        var evaluator = system.Start("Evaluator");
        system.Start("Trainer");
        var id = await system.SubmitAsync(laboratory.Tiny);

        await system.WaitAsync(id, steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Evaluating));
        evaluator.Kill();
        system.Start("Evaluator");

        await system.WaitAsync(id, steps => steps.Any(step => step.Action.Kind == ActionKind.Merge));
        merger.Kill();
        planner.Kill();
        system.Start("Planner");
        system.Start("Merger");

        await system.ShouldEndUndisturbedAsync(id, laboratory.Tiny);
    }
}
