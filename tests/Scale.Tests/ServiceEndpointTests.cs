using System.Diagnostics;
using System.Net;

namespace LamdAgent.Scale.Tests;

/// <summary>What an orchestrator and a scraper see of the services.</summary>
[Collection<ScaleSystemCollection>]
public sealed class ServiceEndpointTests(ScaleSystem system) : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await system.StopServicesAsync();
    }

    [Fact]
    public async Task Services_are_ready_while_broker_and_store_answer_and_alive_all_the_time()
    {
        var work = new IdleWork();
        Uri[] services = [await system.StartPlannerAsync(), await system.StartTrainerAsync(work), await system.StartMergerAsync(work), await system.StartEvaluatorAsync(work)];
        await ShouldBecomeAsync(services, HttpStatusCode.OK);

        await system.Broker.StopAsync();
        await ShouldBecomeAsync(services, HttpStatusCode.ServiceUnavailable);
        await system.Broker.StartAgainAsync();
        await ShouldBecomeAsync(services, HttpStatusCode.OK);

        system.Mongo.Suspend();
        await ShouldBecomeAsync(services, HttpStatusCode.ServiceUnavailable);
        system.Mongo.Continue();
        await ShouldBecomeAsync(services, HttpStatusCode.OK);

        // And they work again.
        await system.SubmitAsync("after", steps: 3, inFlight: 1);
        await system.WaitForEndAsync("after", TimeSpan.FromMinutes(2));
        var metrics = await Task.WhenAll(services.Select(service => http.GetStringAsync(new Uri(service, "/metrics"))));
        foreach (var text in metrics)
        {
            text.ShouldContain("# TYPE lamd_step_duration_seconds histogram");
            text.ShouldContain("http_server_request_duration_seconds");
        }

        metrics[3].ShouldContain("stage=\"Evaluate\"");
        metrics[3].ShouldContain("outcome=\"Scored\"");
    }

    private async Task ShouldBecomeAsync(IEnumerable<Uri> services, HttpStatusCode ready)
    {
        foreach (var service in services)
        {
            var waiting = Stopwatch.StartNew();
            while (true)
            {
                (await http.GetAsync(new Uri(service, "/health/live"))).StatusCode.ShouldBe(HttpStatusCode.OK);
                if ((await http.GetAsync(new Uri(service, "/health/ready"))).StatusCode == ready)
                {
                    break;
                }

                waiting.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), $"{service} does not become {ready}");
                await Task.Delay(200);
            }
        }
    }
}
