using LamdAgent.Domain.Steps;
using LamdAgent.Integration.Tests.Support;
using LamdAgent.TestKit;

namespace LamdAgent.Integration.Tests;

public sealed class DeliveryTests(Laboratory laboratory)
{
    [Fact]
    public async Task Every_message_may_come_twice_and_out_of_order()
    {
        var spec = laboratory.InFlight(seed: 4, stepsInFlight: 3);
        await using var system = await DistributedSystem.CreateAsync(laboratory);
        await system.StartAsync("Planner", "Trainer", "Trainer", "Merger", "Evaluator");
        var queues = await system.InputQueuesAsync();
        queues.Count.ShouldBe(13, string.Join(' ', queues));
        await using var relay = await Relay.PlaceAsync(system.Bus, queues, seed: 1);

        var id = await system.SubmitAsync(spec);
        await system.ShouldEndUndisturbedAsync(id, spec);

        relay.Received.Keys.ShouldBe(["train-model", "merge-models", "evaluate-model", "planner-model-trained", "planner-models-merged", "planner-model-evaluated"], ignoreOrder: true);
        relay.Overtaken.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_training_longer_than_the_brokers_delivery_timeout_is_done_once_and_its_trainer_goes_on()
    {
        // Before RabbitMQ 3.12 the time is the broker's own setting, from then on the queue's. The consumer that holds a delivery longer loses its channel; from 4.3 on it is cancelled.
        await using var broker = await RabbitMqBroker.StartAsync("consumer_timeout = 1000");
        await using var system = await DistributedSystem.CreateAsync(laboratory, broker, new Dictionary<string, string>(StringComparer.Ordinal) { ["Bus__DeliveryTimeout"] = "00:00:01" });
        await system.StartAsync("Planner", "Evaluator", "Trainer", "Trainer");
        var id = await system.SubmitAsync(laboratory.LongTrainings);

        var (step, holder) = await system.WaitForCheckpointAsync(id, 1);
        var other = system.Services.Single(service => service.Service == "Trainer" && service != holder);
        await other.WaitForLogAsync($"{step.Id}: stepped aside from Train: Held"); // the delivery came again while its first taker is at work
        await system.WaitAsync(id, steps => steps.Any(s => s.Id == step.Id && s.DueStage != StepStage.Train));
        await holder.WaitForLogAsync($"{step.Id}: Train ended as Produced");
        other.Log.ShouldNotContain($"{step.Id}: Train begins");

        // Whose delivery was taken away is alone now, and has all that follows.
        (await other.TerminateAsync()).ShouldBe(0, other.Log);
        await system.ShouldEndUndisturbedAsync(id, laboratory.LongTrainings);
    }
}
