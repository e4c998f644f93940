namespace LamdAgent.Hosting.Bus;

/// <summary>What carries the messages.</summary>
public enum BusTransport
{
    /// <summary>RabbitMQ 3.10 to 4.x: durable quorum queues.</summary>
    RabbitMq,

    /// <summary>Inside one process; messages die with it, so the sweeper sends again what the store says is open.</summary>
    InMemory,
}
