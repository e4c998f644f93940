using LamdAgent.Hosting.Services;
using LamdAgent.Trainer;

return await ServiceHost.RunAsync(args, "trainer", services => services.AddTrainer(), bus => bus.AddTrainerQueues());
