using MassTransit;

namespace LamdAgent.Hosting.Bus;

/// <summary>The seam: makes one of our handlers a consumer of the bus library. No service mentions that library.</summary>
internal sealed class HandlerConsumer<TMessage>(IMessageHandler<TMessage> handler) : IConsumer<TMessage>
    where TMessage : class
{
    public Task Consume(ConsumeContext<TMessage> context) => handler.HandleAsync(context.Message, context.CancellationToken);
}
