using System.ComponentModel.DataAnnotations;

namespace LamdAgent.Hosting.Steps;

/// <summary>How workers hold steps. Section <c>Worker</c>; environment variables <c>Worker__Lease</c> and so on. Trainers, mergers and evaluators share it.</summary>
public sealed class WorkerOptions
{
    /// <summary>Section of the configuration that these options are read from.</summary>
    public const string Section = "Worker";

    /// <summary>The worker's name in leases and logs.</summary>
    /// <value>Default: host name, process id and a random part, so that a restarted worker is another one.</value>
    public string Name { get; set; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>How long a step stays with a worker that says nothing.</summary>
    /// <value>Default 30 s. A crashed worker's step is free again after this time.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two heartbeats; well below <see cref="Lease"/>.</summary>
    /// <value>Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.020", "00:10:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often one stage of a step may be begun before the step is given up.</summary>
    /// <value>Default 5.</value>
    [Range(1, 1000)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Where models are computed: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. Anything but <c>auto</c> wins over what a spec says.</summary>
    /// <value>Default <c>auto</c>: a GPU when there is one.</value>
    [RegularExpression("auto|cpu|cuda(:[0-9]+)?", ErrorMessage = "Worker:Device must be auto, cpu, cuda or cuda:N")]
    public string Device { get; set; } = "auto";

    /// <summary>Ends the process after this time without work, for workers that a scaler starts.</summary>
    /// <value>Default: never.</value>
    public TimeSpan? ExitWhenIdle { get; set; }

    /// <summary>How long a finished result is offered to a store that does not answer.</summary>
    /// <value>Default 10 min.</value>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan StorePatience { get; set; } = TimeSpan.FromMinutes(10);
}
