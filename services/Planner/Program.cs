using LamdAgent.Contracts;
using LamdAgent.Hosting.Services;
using LamdAgent.Planner;
using LamdAgent.Planner.Api;
using LamdAgent.Planner.Messages;

return await ServiceHost.RunAsync(
    args,
    "planner",
    services => services.AddPlanner().AddPlannerService(),
    bus => SearchEvents.Register(bus.SendCommand<TrainModel>().SendCommand<MergeModels>().SendCommand<EvaluateModel>()),
    app =>
    {
        app.MapPlannerApi();
        app.MapQueueApi();
        app.MapOpenApi();
    });
