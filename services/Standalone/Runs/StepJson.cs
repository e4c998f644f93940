using System.Text.Json.Nodes;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Standalone.Runs;

/// <summary>A line of the ledger for machines.</summary>
internal static class StepJson
{
    public static JsonObject Of(StepRecord step, SearchSnapshot snapshot)
    {
        var score = ScoreSummary.Aggregate(snapshot.Spec.Tasks, step.Scores);
        return new JsonObject
        {
            ["id"] = step.Id,
            ["role"] = step.Role.ToString().ToLowerInvariant(),
            ["action"] = step.Action.Type,
            ["objects"] = new JsonArray([.. step.Action.Models.Concat(step.Action.Datasets).Select(id => (JsonNode)id)]),
            ["model"] = step.ModelId,
            ["state"] = step.State.ToString().ToLowerInvariant(),
            ["score"] = score?.Score,
            ["stderr"] = score?.StandardError,
            ["seconds"] = step.Seconds,
            ["reason"] = step.Failure?.Reason,
        };
    }
}
