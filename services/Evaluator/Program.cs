using LamdAgent.Hosting.Services;

namespace LamdAgent.Evaluator;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddEvaluator();
        builder.AddServiceDefaults("evaluator", bus => bus.AddEvaluatorQueues());
        var app = builder.Build();
        app.MapServiceDefaults();
        await app.RunAsync();
    }
}
