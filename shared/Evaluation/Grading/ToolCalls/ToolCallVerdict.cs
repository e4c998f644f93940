using System.Text.Json.Nodes;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>The verdict of both syntax-tree graders: <c>{"valid", "error_type"}</c> and the metric <c>acc</c>.</summary>
internal static class ToolCallVerdict
{
    public static Verdict Of(bool valid, string? errorType) =>
        new(new JsonObject { ["valid"] = valid, ["error_type"] = errorType }, new Dictionary<string, double> { ["acc"] = valid ? 1 : 0 });
}
