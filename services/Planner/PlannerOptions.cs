using System.ComponentModel.DataAnnotations;

namespace LamdAgent.Planner;

/// <summary>Settings of a planner process; section <c>Planner</c>.</summary>
public sealed class PlannerOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Planner";

    /// <summary>Who drives searches: unique per process, stable over restarts where one process has a run for itself (standalone).</summary>
    [Required, MinLength(1)]
    public string Owner { get; set; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>How long the right to drive a search lasts unless renewed; another planner takes over after that. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan OwnershipLease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A command that nobody claimed is sent again after this time. Default 5 minutes: a queue may be long, and a second copy does no harm.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ResendAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A stage that lost its lease this often fails its step. Default 5.</summary>
    [Range(1, 1000)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Memory that a training has on the trainers, of the device that computes: a submitted search that needs more is refused. Default: unknown, nothing is refused for it.</summary>
    [Range(1, long.MaxValue)]
    public long? TrainerMemoryBytes { get; set; }

    /// <summary>Time between sweeps over all running searches. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(5);
}
