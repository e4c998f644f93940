using LamdAgent.Hosting.Services;

namespace LamdAgent.Trainer;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddTrainer();
        builder.AddServiceDefaults("trainer", bus => bus.AddTrainerQueues());
        var app = builder.Build();
        app.MapServiceDefaults();
        await app.RunAsync();
    }
}
