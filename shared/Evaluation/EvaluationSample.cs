using System.Text.Json;
using System.Text.Json.Nodes;

namespace LamdAgent.Evaluation;

/// <summary>One row of the samples file: what the model was shown, what it answered, and what that is worth. <c>lamd grade</c> reads these rows again.</summary>
/// <param name="Id">The row's <c>id</c>, or its place in the file counted from 0.</param>
/// <param name="Item">The row.</param>
/// <param name="Prompt">What the model was shown.</param>
/// <param name="Response">The answer as it was graded.</param>
/// <param name="Verdict">The grader's verdict.</param>
/// <param name="Metrics">The numbers that enter the averages.</param>
public sealed record EvaluationSample(
    JsonElement Id, JsonElement Item, JsonElement Prompt, JsonElement Response, JsonNode? Verdict, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>The row as JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["id"] = JsonNode.Parse(Id.GetRawText()),
        ["item"] = JsonNode.Parse(Item.GetRawText()),
        ["prompt"] = JsonNode.Parse(Prompt.GetRawText()),
        ["response"] = JsonNode.Parse(Response.GetRawText()),
        ["verdict"] = Verdict?.DeepClone(),
        ["metrics"] = new JsonObject(Metrics.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
    };
}
