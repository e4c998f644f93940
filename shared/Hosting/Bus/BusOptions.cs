using System.ComponentModel.DataAnnotations;

namespace LamdAgent.Hosting.Bus;

/// <summary>How this process takes part in the bus. Section <c>Bus</c>; environment variables <c>Bus__Transport</c>, <c>Bus__Url</c> and so on.</summary>
public sealed class BusOptions
{
    /// <summary>Section of the configuration that these options are read from.</summary>
    public const string Section = "Bus";

    /// <summary>Which bus.</summary>
    /// <value>Default <see cref="BusTransport.RabbitMq"/>; the standalone program uses <see cref="BusTransport.InMemory"/>.</value>
    public BusTransport Transport { get; set; } = BusTransport.RabbitMq;

    /// <summary>Broker address, <c>amqp://user:password@host:5672/vhost</c> (<c>amqps</c> for TLS). Not used in memory.</summary>
    /// <value>No default: a password has none.</value>
    public string Url { get; set; } = "";

    /// <summary>How often a message is tried again at once, in this process, before it goes to the error queue.</summary>
    /// <value>Default 3; 0 to 20.</value>
    [Range(0, 20)]
    public int RetryCount { get; set; } = 3;

    /// <summary>Wait before the first retry; each further wait is twice as long, up to <see cref="RetryMaximum"/>.</summary>
    /// <value>Default 200 ms.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:05:00")]
    public TimeSpan RetryMinimum { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait between two retries.</summary>
    /// <value>Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan RetryMaximum { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Deliveries of one message (a worker that dies each time) before the broker moves it to the error queue.</summary>
    /// <value>Default 10; RabbitMQ's own default of 20 drops the message instead.</value>
    [Range(1, 1000)]
    public int DeliveryLimit { get; set; } = 10;

    /// <summary>How long a consumer may hold a delivery. From RabbitMQ 3.12 on; an older broker's <c>consumer_timeout</c> is its own setting.</summary>
    /// <value>Default 24 h; 1 s to 30 days. The broker looks for overdue deliveries once a minute. One that is overdue comes again, finds the step's live lease and is put aside.</value>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a stopping process waits for its handlers.</summary>
    /// <value>Default 25 s: below the 30 s that Kubernetes gives.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(25);
}
