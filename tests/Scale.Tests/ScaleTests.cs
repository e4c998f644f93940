using System.Diagnostics;
using System.Globalization;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Scale.Tests;

/// <summary>What the machinery around the work costs and stands: figures are printed as they are, the limits are generous, because machines are shared.</summary>
[Collection<ScaleSystemCollection>]
public sealed class ScaleTests(ScaleSystem system) : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await system.StopServicesAsync();

    [Fact]
    public async Task Two_hundred_steps_go_through_all_services_with_little_time_for_each()
    {
        const int count = 200;
        var work = new IdleWork();
        await Task.WhenAll(system.StartTrainerAsync(work), system.StartMergerAsync(work), system.StartEvaluatorAsync(work));
        await system.StartPlannerAsync();
        await system.SubmitAsync("warm-up", 30, inFlight: 1); // compilation, connections, exchanges
        await system.WaitForEndAsync("warm-up", TimeSpan.FromMinutes(2));
        Print($"in the same run: one read of the store {await MedianAsync(() => system.Store.GetSearchAsync("warm-up", Cancellation)):F1} ms, one change {await MedianAsync(() => system.Store.AcquirePlannerAsync("warm-up", "test", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow(), Cancellation)):F1} ms, one command taken by the broker {await MedianAsync(() => system.SendToNobodyAsync()):F1} ms");
        var processor = ProcessorTime();
        await system.SubmitAsync("overhead", count, inFlight: 1);
        var steps = (await system.WaitForEndAsync("overhead", TimeSpan.FromMinutes(3))).Where(step => step.Role == StepRole.Search).ToList();

        steps.Count.ShouldBe(count);
        steps.ShouldAllBe(step => step.State == StepState.Scored && step.FencingToken == 2); // claimed once to be made and once to be scored
        steps.ShouldContain(step => step.Action.Kind == ActionKind.Merge);
        steps.ShouldContain(step => step.Action.Kind == ActionKind.Train);

        // From one step's score to the next one's: planning, two commands, two claims, two results, the events. The work itself takes nothing.
        var overhead = steps.Zip(steps.Skip(1), (one, next) => (next.FinishedAt!.Value - one.FinishedAt!.Value).TotalMilliseconds).Order().ToList();
        var (median, p99) = (overhead[overhead.Count / 2], overhead[(int)(overhead.Count * 0.99)]);
        Print($"{count} steps one after the other through planner, trainer or merger, and evaluator: median {median:F0} ms, p99 {p99:F0} ms a step, {(ProcessorTime() - processor).TotalMilliseconds / count:F0} ms processor time of all services; store: {system.StoreDescription}");
        var (first, last) = (overhead.Count / 4, overhead.Count - (overhead.Count / 4));
        var inOrder = steps.Zip(steps.Skip(1), (one, next) => (next.FinishedAt!.Value - one.FinishedAt!.Value).TotalMilliseconds).ToList();
        Print($"first quarter: mean {inOrder.Take(first).Average():F0} ms, last quarter: mean {inOrder.Skip(last).Average():F0} ms");
        median.ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task Ten_trainers_do_a_thousand_steps_once_each_in_flat_memory()
    {
        const int searches = 5, each = 200, trainers = 10;
        var work = Enumerable.Range(0, trainers).Select(_ => new IdleWork()).ToList();
        var scoring = new IdleWork();
        await Task.WhenAll([.. work.Select(system.StartTrainerAsync), system.StartEvaluatorAsync(scoring), system.StartEvaluatorAsync(scoring)]);
        await system.StartPlannerAsync();
        var watch = Stopwatch.StartNew();
        var processor = ProcessorTime();
        for (var search = 0; search < searches; search++)
        {
            await system.SubmitAsync($"crowd-{search}", each, inFlight: 5, merges: false);
        }

        var memory = new List<(int Done, double Managed, double Resident)>();
        for (var search = 0; search < searches; search++)
        {
            var steps = await system.WaitForEndAsync($"crowd-{search}", TimeSpan.FromMinutes(4), () => Sample(memory, work.Sum(w => w.Done.Count)));
            steps.Count(step => step.Role == StepRole.Search && step.State == StepState.Scored).ShouldBe(each);
            steps.ShouldAllBe(step => step.IsTerminal && step.Attempt == 1);
        }

        Sample(memory, work.Sum(w => w.Done.Count), always: true);
        var done = work.SelectMany(w => w.Done).Where(entry => entry.Key.Search.StartsWith("crowd-", StringComparison.Ordinal) && entry.Key.Step.StartsWith("s-", StringComparison.Ordinal)).ToList();
        done.Select(entry => entry.Key).ShouldBeUnique();
        done.Count.ShouldBe(searches * each);
        done.ShouldAllBe(entry => entry.Value.Count == 1);
        var shares = work.Select(w => w.Done.Count).Order().ToList();
        shares[0].ShouldBeGreaterThan(0, "every trainer gets work");
        Print($"{trainers} trainers, {searches} searches of {each} steps: {watch.Elapsed.TotalSeconds:F0} s, {watch.Elapsed.TotalMilliseconds / (searches * each):F0} ms a step, {(ProcessorTime() - processor).TotalMilliseconds / (searches * each):F0} ms processor time of all services; steps per trainer {shares[0]} to {shares[^1]}");
        Print($"memory at {string.Join(", ", memory.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Done}: {m.Managed:F0}/{m.Resident:F0} MB")))} (managed/resident)");

        // After the first fifth everything is warm; what grows with steps would grow fourfold from there.
        var warm = memory.First(m => m.Done >= searches * each / 5);
        memory[^1].Managed.ShouldBeLessThan(warm.Managed + 25);
        memory[^1].Resident.ShouldBeLessThan(warm.Resident + 150);
    }

    [Fact]
    public async Task An_urgent_search_passes_a_queue_full_of_patient_steps()
    {
        var work = new IdleWork();
        var gate = new TaskCompletionSource();
        await Task.WhenAll(system.StartEvaluatorAsync(work), system.StartPlannerAsync());
        await system.SubmitAsync("patient", steps: 20, inFlight: 20, merges: false);
        await system.SubmitAsync("urgent", steps: 5, inFlight: 5, priority: 10, merges: false);
        foreach (var (search, count) in new[] { ("patient", 20), ("urgent", 5) })
        {
            await WaitUntilSentAsync(search, count);
        }

        // Nobody has trained yet: the patient steps are first in the queue.
        work.Gate = gate.Task;
        await system.StartTrainerAsync(work);
        gate.SetResult();
        await system.WaitForEndAsync("patient", TimeSpan.FromMinutes(2));
        await system.WaitForEndAsync("urgent", TimeSpan.FromMinutes(2));
        var order = work.Trainings.Select(training => training.Search).ToList();
        Print($"order of trainings: {string.Join(' ', order)}");
        order.Take(5).ShouldAllBe(search => search == "urgent");
    }

    private static void Print(FormattableString line) => TestContext.Current.TestOutputHelper!.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Sample(List<(int Done, double Managed, double Resident)> memory, int done, bool always = false)
    {
        if (always || memory.Count == 0 || done >= memory[^1].Done + 100)
        {
            var managed = GC.GetTotalMemory(forceFullCollection: true) / 1e6;
            using var self = Process.GetCurrentProcess();
            memory.Add((done, managed, self.WorkingSet64 / 1e6));
        }
    }

    private static async Task<double> MedianAsync(Func<Task> operation)
    {
        var times = new List<double>();
        for (var i = 0; i < 50; i++)
        {
            var watch = Stopwatch.StartNew();
            await operation();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private static TimeSpan ProcessorTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private async Task WaitUntilSentAsync(string search, int count)
    {
        var waiting = Stopwatch.StartNew();
        while ((await system.Store.ListStepsAsync(search, CancellationToken.None)).Count(step => step.Role == StepRole.Search && step.DispatchedAt is not null) < count)
        {
            waiting.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), $"the steps of {search} are not sent");
            await Task.Delay(50);
        }
    }
}
