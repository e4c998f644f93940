namespace LamdAgent.Hosting.Bus;

/// <summary>One queue that this process consumes.</summary>
/// <param name="Queue">Name of the queue.</param>
/// <param name="Consumer">The adapter type that the bus library instantiates.</param>
/// <param name="Concurrency">Messages handled at once; also the number fetched ahead.</param>
/// <param name="BindToType">True for events: the queue is bound to the exchange of the message type. Commands go to their queue only.</param>
internal sealed record QueueRegistration(string Queue, Type Consumer, int Concurrency, bool BindToType);
