using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// Tool calls written as JSON, <c>{"name": ..., "arguments": {...}}</c>: alone, as a list, or each inside <c>&lt;tool_call&gt;</c> tags. Name and
/// arguments are compared by parsed value: key order and white space do not count, 1 equals 1.0, texts must be the same, every argument must be there
/// and no other. The answer must be the calls and nothing else (inside tags, other text may stand between them when <c>allow_text</c> is true).
/// Options: <c>target</c> (path of the expected call or list of calls, default <c>calls</c>), <c>ordered</c> (default false), <c>allow_text</c> (default false).
/// </summary>
public sealed class ToolCallsJsonGrader : IGrader
{
    private readonly string _target = "calls";
    private readonly bool _ordered;
    private readonly bool _allowText;

    /// <summary>Reads the options.</summary>
    public ToolCallsJsonGrader(ConfigMapping? options)
    {
        if (options is not null)
        {
            _target = options.Optional("target")?.AsString() ?? _target;
            _ordered = options.Optional("ordered")?.AsBool() ?? false;
            _allowText = options.Optional("allow_text")?.AsBool() ?? false;
            options.RejectUnknownKeys();
        }
    }

    /// <inheritdoc />
    public string Name => "tool_calls_json";

    /// <summary><c>exact_match</c>: all calls right. <c>parsed</c>: the answer is well-formed calls. <c>names</c>: the right functions are called.</summary>
    public IReadOnlyList<string> Metrics { get; } = ["exact_match", "parsed", "names"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var expected = Expected(item.Required(_target));
        var calls = JsonToolCalls.Parse(JsonFields.ResponseText(response), _allowText, out var error);
        var names = calls is not null && Matches(calls, expected, (a, b) => a.Name == b.Name);
        var exact = calls is not null && Matches(calls, expected, JsonToolCall.Same);
        error ??= exact ? null : !names ? "names or number of calls differ" : "arguments differ";
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["exact_match"] = exact ? 1 : 0,
            ["parsed"] = calls is null ? 0 : 1,
            ["names"] = names ? 1 : 0,
        };
        return new Verdict(new JsonObject { ["exact_match"] = exact ? 1 : 0, ["parsed"] = calls is not null, ["names"] = names, ["error"] = error }, metrics);
    }

    private List<JsonToolCall> Expected(JsonElement target)
    {
        // Data sets keep expected calls either parsed or as the text that a perfect model writes.
        if (target.ValueKind == JsonValueKind.String)
        {
            return JsonToolCalls.Parse(target.GetString()!, allowText: false, out var problem) is { Count: > 0 } parsed
                ? parsed
                : throw new InvalidInputException($"'{_target}' does not hold tool calls: {problem ?? "none there"}");
        }

        return JsonToolCalls.FromValue(target, out var error) is { Count: > 0 } calls
            ? calls
            : throw new InvalidInputException($"'{_target}' does not hold tool calls: {error ?? "none there"}");
    }

    private bool Matches(List<JsonToolCall> given, List<JsonToolCall> expected, Func<JsonToolCall, JsonToolCall, bool> same)
    {
        if (given.Count != expected.Count)
        {
            return false;
        }

        if (_ordered)
        {
            return given.Zip(expected).All(pair => same(pair.First, pair.Second));
        }

        // "same" is an equivalence, so taking the first unused match is enough.
        var open = expected.ToList();
        return given.All(call => open.FindIndex(other => same(call, other)) is var index and >= 0 && RemoveAt(open, index));
    }

    private static bool RemoveAt(List<JsonToolCall> list, int index)
    {
        list.RemoveAt(index);
        return true;
    }
}
