using LamdAgent.Hosting.Services;
using LamdAgent.Merger;

return await ServiceHost.RunAsync(args, "merger", services => services.AddMerger(), bus => bus.AddMergerQueues());
