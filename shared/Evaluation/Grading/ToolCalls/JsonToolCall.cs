using System.Text.Json;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>A function to call and its arguments.</summary>
internal sealed record JsonToolCall(string Name, JsonElement Arguments)
{
    public static bool Same(JsonToolCall a, JsonToolCall b) => a.Name == b.Name && JsonValues.Equal(a.Arguments, b.Arguments);
}
