using System.Text.Json;

namespace LamdAgent.Evaluation;

/// <summary>An item, the answer to it and the verdict.</summary>
public sealed record GradedItem(JsonElement Item, JsonElement Response, Verdict Verdict);
