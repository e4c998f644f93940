using LamdAgent.Hosting.Services;
using LamdAgent.Evaluator;

return await ServiceHost.RunAsync(args, "evaluator", services => services.AddEvaluator(), bus => bus.AddEvaluatorQueues());
