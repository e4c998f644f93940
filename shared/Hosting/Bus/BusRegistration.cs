using Microsoft.Extensions.DependencyInjection;

namespace LamdAgent.Hosting.Bus;

/// <summary>Collects what a process handles; <see cref="BusServiceCollectionExtensions.AddBus"/> turns it into queues.</summary>
public sealed class BusRegistration
{
    private readonly IServiceCollection services;
    private readonly List<QueueRegistration> queues = [];

    internal BusRegistration(IServiceCollection services) => this.services = services;

    internal IReadOnlyList<QueueRegistration> Queues => queues;

    internal List<string> SentCommands { get; } = [];

    /// <summary>This process sends a command: its queue is made before the first one is sent, whether or not a worker was ever started.</summary>
    public BusRegistration SendCommand<TCommand>()
        where TCommand : class
    {
        SentCommands.Add(QueueNames.ForCommand<TCommand>());
        return this;
    }

    /// <summary>This process works on a command's queue, competing with every other process that does.</summary>
    /// <param name="concurrency">Commands worked on at once; as many are fetched, so that none waits in a busy worker.</param>
    public BusRegistration HandleCommand<TCommand, THandler>(int concurrency = 1)
        where TCommand : class
        where THandler : class, IMessageHandler<TCommand> =>
        Add<TCommand, THandler>(QueueNames.ForCommand<TCommand>(), concurrency, bindToType: false);

    /// <summary>This service hears of an event; the copies of one service share a queue.</summary>
    public BusRegistration HandleEvent<TEvent, THandler>(string service, int concurrency = 8)
        where TEvent : class
        where THandler : class, IMessageHandler<TEvent> =>
        Add<TEvent, THandler>(QueueNames.ForEvent<TEvent>(service), concurrency, bindToType: true);

    private BusRegistration Add<TMessage, THandler>(string queue, int concurrency, bool bindToType)
        where TMessage : class
        where THandler : class, IMessageHandler<TMessage>
    {
        if (queues.Exists(known => known.Queue == queue))
        {
            throw new InvalidOperationException($"the queue {queue} already has a handler in this process");
        }

        services.AddTransient<IMessageHandler<TMessage>, THandler>();
        queues.Add(new QueueRegistration(queue, typeof(HandlerConsumer<TMessage>), concurrency, bindToType));
        return this;
    }
}
