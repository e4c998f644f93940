using LamdAgent.Hosting.Services;

namespace LamdAgent.Merger;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddMerger();
        builder.AddServiceDefaults("merger", bus => bus.AddMergerQueues());
        var app = builder.Build();
        app.MapServiceDefaults();
        await app.RunAsync();
    }
}
