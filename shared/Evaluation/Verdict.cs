using System.Text.Json.Nodes;

namespace LamdAgent.Evaluation;

/// <summary>What a grader says about one answer.</summary>
/// <param name="Fields">Everything it found, as it is written to files.</param>
/// <param name="Metrics">The numbers to be averaged, by metric name. A metric that does not apply to this item is absent.</param>
public sealed record Verdict(JsonNode? Fields, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>A verdict without metrics, for checks of a calculation.</summary>
    public static Verdict Only(JsonNode? fields) => new(fields, new Dictionary<string, double>());
}
