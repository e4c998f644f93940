using System.Text.Json.Nodes;

namespace LamdAgent.Samples.ToolUse;

/// <summary>Requests and instructions as rows of the files: `messages` rows to train on, items to be evaluated with.</summary>
public static class DataRows
{
    /// <summary>A training row of an instruction.</summary>
    public static JsonObject Training(Instruction instruction) => new()
    {
        ["messages"] = new JsonArray(Turn("user", instruction.Prompt), Turn("assistant", instruction.Answer)),
    };

    /// <summary>A training row of a tool call.</summary>
    public static JsonObject Training(ToolRequest request) => new()
    {
        ["messages"] = new JsonArray(
            Turn("user", request.Prompt),
            new JsonObject { ["role"] = "assistant", ["content"] = "", ["tool_calls"] = new JsonArray(Call(request)) }),
        ["tools"] = Tools(request),
    };

    /// <summary>An evaluation item of an instruction.</summary>
    public static JsonObject Item(Instruction instruction, string id) => new()
    {
        ["id"] = id,
        ["kind"] = instruction.Kind,
        ["messages"] = new JsonArray(Turn("user", instruction.Prompt)),
        ["answer"] = instruction.Answer,
    };

    /// <summary>An evaluation item of a tool call.</summary>
    public static JsonObject Item(ToolRequest request, string id) => new()
    {
        ["id"] = id,
        ["messages"] = new JsonArray(Turn("user", request.Prompt)),
        ["tools"] = Tools(request),
        ["calls"] = new JsonArray(new JsonObject { ["name"] = request.Name, ["arguments"] = Arguments(request) }),
    };

    private static JsonObject Turn(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static JsonObject Call(ToolRequest request) => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = request.Name, ["arguments"] = Arguments(request) },
    };

    private static JsonObject Arguments(ToolRequest request) =>
        new(request.Arguments.Select(a => KeyValuePair.Create(a.Key, a.Value is int number ? (JsonNode?)number : (string)a.Value)));

    private static JsonArray Tools(ToolRequest request) => [.. request.Offered.Select(Declaration)];

    private static JsonObject Declaration(Tool tool) => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = tool.Name,
            ["parameters"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject(tool.Parameters.Select(p =>
                    KeyValuePair.Create(p, (JsonNode?)new JsonObject { ["type"] = Tool.IsNumber(p) ? "integer" : "string" }))),
                ["required"] = new JsonArray([.. tool.Parameters.Select(p => (JsonNode)p)]),
            },
        },
    };
}
