using System.Numerics;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// One call against one possible answer, in the reference's order of checks, oddities included: a value whose type the expected answers have, but the
/// declaration has not, is taken for a variable and compared as it is; inner types are checked against answers that are lists only.
/// </summary>
internal static class BfclCallChecker
{
    /// <returns>Null when the call is right, or the reference's error type.</returns>
    public static string? Check(JsonElement function, (string Name, PythonDict Arguments) call, JsonElement possibleAnswer)
    {
        var allowed = Single(possibleAnswer).Value.EnumerateObject().ToDictionary(
            pair => pair.Name, pair => AsList(PythonValues.FromJson(pair.Value), pair.Name), StringComparer.Ordinal);
        var properties = function.Required("parameters.properties");
        if (function.RequiredText("name") != call.Name)
        {
            return "simple_function_checker:wrong_func_name";
        }

        foreach (var required in function.RequiredList("parameters.required"))
        {
            if (!call.Arguments.Contains(required.GetString()))
            {
                return "simple_function_checker:missing_required";
            }
        }

        foreach (var (key, value) in call.Arguments.Items)
        {
            if (key is not string name || !properties.TryGetProperty(name, out var details) || !allowed.TryGetValue(name, out var answers))
            {
                return "simple_function_checker:unexpected_param";
            }

            if (CheckValue(details, value, answers) is { } error)
            {
                return error;
            }
        }

        return allowed.Any(pair => !call.Arguments.Contains(pair.Key) && !PythonValues.In("", pair.Value)) ? "simple_function_checker:missing_optional" : null;
    }

    /// <summary>A possible answer is an object with one key, the function.</summary>
    public static JsonProperty Single(JsonElement possibleAnswer) => possibleAnswer.ValueKind == JsonValueKind.Object && possibleAnswer.EnumerateObject().Any()
        ? possibleAnswer.EnumerateObject().First()
        : throw new InvalidInputException("a possible answer must be an object with the function's name as its key");

    private static string? CheckValue(JsonElement details, object? value, List<object?> answers)
    {
        var declared = details.RequiredText("type");
        var type = PythonType(declared);
        var inner = declared is "array" or "tuple" ? PythonType(details.RequiredText("items.type")) : null;
        value = declared switch
        {
            "tuple" when value is PythonTuple tuple => tuple.Items.ToList(),
            "float" when value is BigInteger whole => (double)whole,
            _ => value,
        };
        if (CheckType(value, answers, type, inner, out var isVariable) is { } error)
        {
            return error;
        }

        if (isVariable)
        {
            return PythonValues.In(value, answers) ? null : "value_error:others";
        }

        return (type, inner) switch
        {
            ("dict", _) => CheckDict((PythonDict)value!, answers),
            ("list", "dict") => CheckListOfDicts((List<object?>)value!, answers),
            ("str", _) => PythonValues.In(StandardizedText.OfValue(value), answers.Where(answer => answer is string).Select(StandardizedText.OfValue)) ? null : "value_error:string",
            ("list", _) => CheckList((List<object?>)value!, answers),
            _ => PythonValues.In(value, answers) ? null : "value_error:others",
        };
    }

    private static string? CheckType(object? value, List<object?> answers, string expected, string? inner, out bool isVariable)
    {
        // The type of the first answer that is not the mark of an optional parameter.
        var answerType = answers.Find(answer => answer is not "") is { } first ? PythonValues.TypeName(first)
            : answers.Contains(null) ? "NoneType" : null;
        isVariable = answerType is not null && answerType != expected;
        var error = "type_error:simple";
        var nestedFailed = false;
        if (PythonValues.TypeName(value) == expected)
        {
            if (inner is null || answers.Exists(answer => answer is not List<object?> list || ((List<object?>)value!).TrueForAll(item => CheckType(item, list, inner, null, out _) is null)))
            {
                return null;
            }

            nestedFailed = true;
            error = "type_error:nested";
        }

        if (answerType is not null && PythonValues.TypeName(value) == answerType)
        {
            isVariable = true;
            return nestedFailed ? error : null;
        }

        return "type_error:simple";
    }

    private static string? CheckList(List<object?> value, List<object?> answers)
    {
        var given = value.Select(StandardizedText.OfValue).ToList();
        return PythonValues.In(given, answers.Select(answer => Sequence(answer).Select(StandardizedText.OfValue).ToList())) ? null : "value_error:list/tuple";
    }

    private static string? CheckDict(PythonDict value, IEnumerable<object?> answers)
    {
        var error = "dict_checker:unclear";
        foreach (var answer in answers)
        {
            if (answer is "")
            {
                continue;
            }

            var expected = answer as PythonDict ?? throw new InvalidInputException("a possible answer for a dict is not an object");
            var problem = CheckDict(value, expected);
            if (problem is null)
            {
                return null;
            }

            error = problem;
        }

        return error;
    }

    private static string? CheckDict(PythonDict value, PythonDict expected)
    {
        string? error = null;
        foreach (var (key, given) in value.Items)
        {
            if (!expected.TryGet(key, out var allowed))
            {
                error = "value_error:dict_key";
                break;
            }

            if (!PythonValues.In(StandardizedText.OfValue(given), Sequence(allowed).Select(StandardizedText.OfValue)))
            {
                error = "value_error:dict_value";
                break;
            }
        }

        // The search for missing keys goes on after a wrong one, and its error counts.
        var missing = expected.Items.Any(item => !value.Contains(item.Key) && item.Value is not string && !PythonValues.In("", Sequence(item.Value)));
        return missing ? "value_error:dict_key" : error;
    }

    private static string? CheckListOfDicts(List<object?> value, List<object?> answers)
    {
        var error = "list_dict_checker:unclear";
        foreach (var answer in answers)
        {
            var expected = Sequence(answer);
            if (value.Count != expected.Count)
            {
                error = "value_error:list_dict_count";
                continue;
            }

            string? problem = null;
            for (var i = 0; i < value.Count && problem is null; i++)
            {
                problem = value[i] is PythonDict dict ? CheckDict(dict, [expected[i]]) : "type_error:nested";
            }

            if (problem is null)
            {
                return null;
            }

            error = problem;
        }

        return error;
    }

    // What Python can iterate: a list, or a text by its characters.
    private static List<object?> Sequence(object? value) => value switch
    {
        List<object?> list => list,
        string text => [.. text.Select(c => (object?)c.ToString())],
        _ => throw new InvalidInputException("a possible answer is neither a list nor a text"),
    };

    private static List<object?> AsList(object? value, string name) =>
        value as List<object?> ?? throw new InvalidInputException($"the possible answers for '{name}' must be a list");

    private static string PythonType(string declared) => declared switch
    {
        "string" or "any" => "str",
        "integer" => "int",
        "float" => "float",
        "boolean" => "bool",
        "array" or "tuple" => "list",
        "dict" => "dict",
        _ => throw new InvalidInputException($"unknown parameter type '{declared}'"),
    };
}
