using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Checks;

/// <summary>Checks where an answer is cut: <c>{"until", "think_end_token"}</c> and a text to the text that is graded.</summary>
public sealed class StopStringCheck : IGrader
{
    /// <inheritdoc />
    public string Name => "stop_strings";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics => [];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response) => Verdict.Only(JsonValue.Create(StopStrings.Cut(
        JsonFields.ResponseText(response), [.. item.RequiredList("until").Select(word => word.GetString()!)], item.At("think_end_token")?.GetString())));
}
