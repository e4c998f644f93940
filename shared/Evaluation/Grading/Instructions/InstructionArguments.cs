using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// The arguments of one instruction. The reference replaces an argument that is missing, empty or zero by a random one; such an item cannot be graded
/// and is refused.
/// </summary>
internal sealed class InstructionArguments(string instruction, JsonElement arguments)
{
    public double Number(string name)
    {
        var value = Value(name);
        return value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0 ? value.GetDouble() : throw Error(name, "is not a positive number");
    }

    public string Text(string name)
    {
        var value = Value(name);
        return value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0 ? value.GetString()! : throw Error(name, "is not a text");
    }

    public IReadOnlyList<string> Texts(string name)
    {
        var value = Value(name);
        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(one => one.GetString()!)]
            : throw Error(name, "is not a list of texts");
    }

    /// <summary>Compares a count with a threshold by the relation that an argument names.</summary>
    public bool Compare(double count, string threshold, string relation) => Text(relation) switch
    {
        "less than" => count < Number(threshold),
        "at least" => count >= Number(threshold),
        var other => throw Error(relation, $"is '{other}', expected 'less than' or 'at least'"),
    };

    private JsonElement Value(string name) => arguments.ValueKind == JsonValueKind.Object && arguments.At(name) is { } value ? value : throw Error(name, "is missing");

    private InvalidInputException Error(string name, string what) => new($"{instruction}: '{name}' {what}");
}
