using System.Text.Json.Serialization;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Searches;

namespace LamdAgent.Planner.Reports;

/// <summary>What came of a search: the numbers that a person judges it by. Written as JSON it is what <c>lamd run --json</c> prints.</summary>
public sealed record SearchReport
{
    /// <summary>Id of the search.</summary>
    public required string Run { get; init; }

    /// <summary>Name in the spec.</summary>
    public required string Name { get; init; }

    /// <summary>Goal in the spec.</summary>
    public required string Goal { get; init; }

    /// <summary>Whether it is over.</summary>
    public required SearchStatus Status { get; init; }

    /// <summary>Why it ended.</summary>
    public string? StatusReason { get; init; }

    /// <summary>How actions were chosen.</summary>
    public required string Strategy { get; init; }

    /// <summary>Its seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Seconds during which it was driven.</summary>
    public required double Seconds { get; init; }

    /// <summary>The tasks, in spec order.</summary>
    public required IReadOnlyList<ReportTask> Tasks { get; init; }

    /// <summary>The first starting model.</summary>
    public required ReportModel Base { get; init; }

    /// <summary>One SFT of the base on everything; null when the search has none.</summary>
    public ReportModel? PlainSft { get; init; }

    /// <summary>The best model by validation among those that keep to the regression limits; the base when nothing beats it; null while the base has no score.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ReportModel? Best { get; init; }

    /// <summary>The search steps.</summary>
    public required IReadOnlyList<ReportStep> Steps { get; init; }

    /// <summary>Ancestors of the best model and itself, oldest first.</summary>
    public required IReadOnlyList<LineageNode> Lineage { get; init; }

    /// <summary>What the agent used; null for strategies without one.</summary>
    public ReportAgent? Agent { get; init; }

    /// <summary>How the best model was made, for <c>lamd replay</c>; null while there is none.</summary>
    [JsonIgnore]
    public PipelineRecipe? Pipeline { get; init; }
}
