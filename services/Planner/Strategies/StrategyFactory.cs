using System.Collections.Concurrent;
using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Agent;
using LamdAgent.Storage;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Planner.Strategies;

/// <summary>Makes the strategy that a spec names.</summary>
/// <param name="store">Where the agent keeps memory and calls.</param>
/// <param name="chatModels">Makes a chat client from the spec.</param>
/// <param name="clock">For waits and time stamps.</param>
/// <param name="loggers">For warnings.</param>
public sealed class StrategyFactory(IRunStore store, Func<LlmSpec, IChatModel> chatModels, TimeProvider clock, ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<LlmSpec, IChatModel> _models = new();

    /// <summary>The strategy of a search.</summary>
    public IStrategy For(SearchSpec spec) => spec.Planner.Strategy switch
    {
        "random" => new RandomStrategy(),
        "greedy" => new GreedyStrategy(),
        "llm" => new LlmStrategy(
            store, _models.GetOrAdd(spec.Planner.Llm!, Connect), spec.Planner.Llm!, clock, loggers.CreateLogger<LlmStrategy>()),
        var other => throw new InvalidOperationException($"unknown strategy {other}"),
    };

    private IChatModel Connect(LlmSpec spec)
    {
        try
        {
            return chatModels(spec);
        }
        catch (InvalidInputException e)
        {
            return new UnavailableChatModel(e.Message);
        }
    }
}
