using System.Diagnostics;
using System.Text;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Integration.Tests.Support;
using RabbitMQ.Client;

namespace LamdAgent.Integration.Tests;

/// <summary>What operators see: a search whose services send their traces to a collector, and get messages that nobody can deal with.</summary>
public sealed class ObservedSearchTests(Laboratory laboratory)
{
    private const string Envelope = "application/vnd.masstransit+json";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Poison_rests_in_the_error_queues_and_one_trace_follows_each_step_through_all_services()
    {
        using var traces = new TraceReceiver();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = traces.Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "300",
        };
        await using var system = await DistributedSystem.CreateAsync(laboratory, settings: settings);
        var services = await system.StartAsync("Planner", "Trainer", "Merger", "Evaluator");
        var queues = await system.InputQueuesAsync();
        await using var connection = await new ConnectionFactory { Uri = system.Bus }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        foreach (var queue in queues)
        {
            await PublishAsync(channel, queue, "{ \"this is\": no JSON");
            await PublishAsync(channel, queue, UnknownStep(queue));
        }

        var id = await system.SubmitAsync(laboratory.Short);
        await system.ShouldEndUndisturbedAsync(id, laboratory.Short);

        foreach (var queue in queues)
        {
            string[] reasons = [await ReasonAsync(channel, queue), await ReasonAsync(channel, queue)];
            reasons.Count(reason => reason.Contains("is not in the store", StringComparison.Ordinal)).ShouldBe(1, $"{queue}: {string.Join(" | ", reasons)}");
        }

        foreach (var service in services)
        {
            // Looked at here, with a process for each service: the bus library's instruments belong to the first host of a process and end with it.
            var metrics = await service.GetAsync("/metrics");
            metrics.ShouldContain("messaging_masstransit_receive", Case.Sensitive, service.Name);
            metrics.Contains("lamd_step_duration_seconds_count", StringComparison.Ordinal).ShouldBe(service.Service != "Planner", service.Name);
            (await service.TerminateAsync()).ShouldBe(0, service.Log); // and sends the last of its spans
        }

        var steps = await system.Store.ListStepsAsync(id, Cancellation);
        var ofSteps = traces.Spans.Where(span => span.Search == id).ToLookup(span => span.Step!, StringComparer.Ordinal);
        foreach (var step in steps)
        {
            ofSteps[step.Id].Select(span => span.TraceId).Distinct(StringComparer.Ordinal).ShouldHaveSingleItem($"{step.Id} is one trace");
        }

        steps.Select(step => ofSteps[step.Id].First().TraceId).ShouldBeUnique();
        var trained = steps.First(step => step.Role == StepRole.Search && step.Action.Kind == Domain.Actions.ActionKind.Train);
        ShouldFollow(traces.Spans, ofSteps[trained.Id].First().TraceId);
    }

    // Planner, trainer, planner, evaluator, planner: each hop is a descendant of the one before.
    private static void ShouldFollow(IReadOnlyList<TraceReceiver.Span> all, string traceId)
    {
        var spans = all.Where(span => span.TraceId == traceId).ToList();
        var tree = string.Join('\n', spans.Select(span => $"{span.Service} {span.Name} {span.Id} <- {span.ParentId}"));
        var ids = spans.ToDictionary(span => span.Id, StringComparer.Ordinal);
        var root = spans.Single(span => span.ParentId.Length == 0);
        (root.Service, root.Name).ShouldBe(("lamdagent-planner", "plan step"));
        spans.ShouldAllBe(span => span == root || ids.ContainsKey(span.ParentId), tree);
        foreach (var (service, name, ancestor) in new[]
        {
            ("lamdagent-trainer", "step Train", "dispatch Train"), ("lamdagent-evaluator", "step Evaluate", "dispatch Evaluate"),
            ("lamdagent-planner", "planner-model-trained", "step Train"), ("lamdagent-planner", "planner-model-evaluated", "step Evaluate"),
        })
        {
            spans.ShouldContain(span => span.Service == service && span.Name.Contains(name, StringComparison.Ordinal) && Ancestors(span, ids).Any(a => a.Name == ancestor), $"{service}: {name}\n{tree}");
        }
    }

    private static IEnumerable<TraceReceiver.Span> Ancestors(TraceReceiver.Span span, Dictionary<string, TraceReceiver.Span> ids)
    {
        while (ids.TryGetValue(span.ParentId, out var parent))
        {
            yield return parent;
            span = parent;
        }
    }

    // A message that is all right but for what it speaks of. The queue's name says which message it takes.
    private static string UnknownStep(string queue)
    {
        var words = queue.Replace("planner-", "", StringComparison.Ordinal).Split('-');
        var type = string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        return $$"""
            {"messageId": "{{Guid.NewGuid()}}", "messageType": ["urn:message:LamdAgent.Contracts:{{type}}"],
             "message": {"searchId": "nowhere", "stepId": "s-0001", "modelId": "m-0002", "digest": "", "reason": ""} }
            """;
    }

    private static ValueTask PublishAsync(IChannel channel, string queue, string body) =>
        channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { Persistent = true, ContentType = Envelope }, Encoding.UTF8.GetBytes(body), Cancellation);

    private static async Task<string> ReasonAsync(IChannel channel, string queue)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            if (await channel.BasicGetAsync(QueueNames.ErrorsOf(queue), autoAck: true, Cancellation) is { } message)
            {
                return Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["MT-Fault-Message"]!);
            }

            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), $"nothing comes to rest in {QueueNames.ErrorsOf(queue)}");
            await Task.Delay(100, Cancellation);
        }
    }
}
