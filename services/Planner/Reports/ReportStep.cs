using System.Text.Json.Serialization;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Reports;

/// <summary>A search step.</summary>
public sealed record ReportStep
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The action type.</summary>
    public required string ActionType { get; init; }

    /// <summary>What the action took.</summary>
    public required ReportObjects Objects { get; init; }

    /// <summary>Where it is.</summary>
    public required StepState State { get; init; }

    /// <summary>Validation total; null without.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Score { get; init; }

    /// <summary>Its standard error; null without.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Stderr { get; init; }

    /// <summary>Working seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The model it made or was to make.</summary>
    public required string Model { get; init; }

    /// <summary>Whether the model keeps to the regression limits; null without a score.</summary>
    public bool? Eligible { get; init; }

    /// <summary>By task id; null without a score.</summary>
    public IReadOnlyDictionary<string, ReportTaskScore>? Tasks { get; init; }

    /// <summary>How it was chosen.</summary>
    public required string DecidedBy { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>Trainings or merges.</summary>
    [JsonIgnore]
    public ActionKind Kind { get; init; }

    /// <summary>The hyper-parameters that were a choice: what is worth a place in a table.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Varied { get; init; } = [];

    /// <summary>Position, from 1.</summary>
    [JsonIgnore]
    public int Number { get; init; }
}
