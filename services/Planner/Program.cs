using LamdAgent.Contracts;
using LamdAgent.Hosting.Services;
using LamdAgent.Planner.Api;
using LamdAgent.Planner.Messages;

namespace LamdAgent.Planner;

internal static class Program
{
    private static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddPlanner().AddPlannerService();
        builder.AddServiceDefaults("planner", bus => SearchEvents.Register(bus.SendCommand<TrainModel>().SendCommand<MergeModels>().SendCommand<EvaluateModel>()));
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapPlannerApi();
        app.MapOpenApi();
        await app.RunAsync();
    }
}
