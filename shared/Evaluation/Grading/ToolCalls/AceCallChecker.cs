using System.Globalization;
using System.Numerics;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// ACEBench's comparison of calls with one accepted answer, oddities included: numbers and booleans are checked for their type only, texts by
/// containment, and a call may satisfy two expected ones.
/// </summary>
internal static class AceCallChecker
{
    /// <returns>Null when the calls are right, or the reference's error type.</returns>
    public static string? Check(IReadOnlyList<JsonElement> functions, List<(string Name, PythonDict Arguments)> calls, JsonElement truth)
    {
        if (truth.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidInputException("'ground_truth' must be an object, or a list of them");
        }

        var expected = truth.EnumerateObject()
            .Select(pair => (Key: pair.Name, Name: WithoutNumber(pair.Name), Arguments: PythonValues.FromJson(pair.Value) as PythonDict
                ?? throw new InvalidInputException($"the expected arguments of '{pair.Name}' must be an object")))
            .ToList();
        if (calls.Count != expected.Count)
        {
            return "wrong functions number";
        }

        var given = calls.CountBy(call => call.Name).ToDictionary();
        var wanted = expected.CountBy(call => call.Name).ToDictionary();
        if (given.Count != wanted.Count || given.Any(pair => wanted.GetValueOrDefault(pair.Key) != pair.Value))
        {
            return "function_mismatch";
        }

        foreach (var call in expected)
        {
            var function = Description(functions, call.Key);
            string? error = null;
            foreach (var candidate in calls)
            {
                error = candidate.Name == call.Name ? CheckCall(function, candidate, call.Arguments) : "simple_function_checker:unclear";
                if (error is null)
                {
                    break;
                }
            }

            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    // The reference takes the first function whose name occurs in the key.
    private static JsonElement Description(IReadOnlyList<JsonElement> functions, string key)
    {
        foreach (var function in functions)
        {
            if (key.Contains(function.RequiredText("name"), StringComparison.Ordinal))
            {
                return function;
            }
        }

        throw new InvalidInputException($"the expected function '{key}' is not among 'functions'");
    }

    // light_2 is the second call of light.
    private static string WithoutNumber(string key)
    {
        var end = key.Length;
        while (end > 0 && char.GetUnicodeCategory(key[end - 1]) == UnicodeCategory.DecimalDigitNumber)
        {
            end--;
        }

        return end < key.Length && end > 0 && key[end - 1] == '_' ? key[..(end - 1)] : key;
    }

    private static string? CheckCall(JsonElement function, (string Name, PythonDict Arguments) call, PythonDict expected)
    {
        var noParameters = function.At("parameters") is not { } parameters || !parameters.EnumerateObject().Any();
        if (call.Arguments.Count == 0 || noParameters)
        {
            return call.Arguments.Count == 0 && noParameters ? null : "wrong_param";
        }

        var properties = function.Required("parameters.properties");
        if (PythonValues.Equal(expected, PythonValues.FromJson(properties)))
        {
            return null;
        }

        if (expected.Count == 0)
        {
            return "wrong_param";
        }

        if (function.RequiredText("name") != call.Name)
        {
            return "wrong_function_name";
        }

        if (function.At("parameters.required") is { ValueKind: JsonValueKind.Array } required && required.EnumerateArray().Any(name => !call.Arguments.Contains(name.GetString())))
        {
            return "lack_args";
        }

        foreach (var (key, value) in call.Arguments.Items)
        {
            if (key is not string name || !properties.TryGetProperty(name, out var details) || !expected.TryGet(name, out var answer))
            {
                return "addition_args";
            }

            if (CheckValue(details, value, answer) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static string? CheckValue(JsonElement details, object? value, object? answer)
    {
        var declared = details.RequiredText("type");
        var (type, inner) = Types(details, declared);
        value = declared switch
        {
            "tuple" when value is PythonTuple tuple => tuple.Items.ToList(),
            "float" when value is BigInteger whole => (double)whole,
            _ => value,
        };
        if (CheckType(value, answer, type, inner, out var isVariable) is { } error)
        {
            return error;
        }

        // Values are compared for texts, lists and dictionaries only.
        return isVariable ? null : (type, inner) switch
        {
            ("dict", _) => CheckDict(value, (PythonDict)answer!),
            ("list", "dict") => CheckListOfDicts((List<object?>)value!, (List<object?>)answer!, declared),
            ("str", _) => StandardizedText.Of((string)value!).Contains(StandardizedText.Of((string)answer!), StringComparison.Ordinal) ? null : "value_error:string",
            ("list", _) => PythonValues.Equal(
                ((List<object?>)value!).Select(StandardizedText.OfValue).ToList(), ((List<object?>)answer!).Select(StandardizedText.OfValue).ToList()) ? null : "value_error:list/tuple",
            _ => null,
        };
    }

    private static string? CheckType(object? value, object? answer, string expected, string? inner, out bool isVariable)
    {
        var answerType = answer is "" ? null : PythonValues.TypeName(answer);
        isVariable = answerType is not null && answerType != expected;
        value = value switch { "true" => true, "false" => false, _ => value };
        var nestedFailed = false;
        if (PythonValues.TypeName(value) == expected)
        {
            if (inner is null || Parts(answer).Exists(part => part is not List<object?> list || Parts(value).TrueForAll(item => CheckType(item, list, inner, null, out _) is null)))
            {
                return null;
            }

            nestedFailed = true;
        }

        if (answerType is not null && (PythonValues.TypeName(value) == answerType || PythonValues.Equal(answer, value)))
        {
            isVariable = true;
            return nestedFailed ? "type_error" : null;
        }

        return "type_error";
    }

    private static string? CheckDict(object? value, PythonDict expected)
    {
        if (value is not PythonDict given || given.Count != expected.Count)
        {
            return "value_error";
        }

        foreach (var (key, item) in given.Items)
        {
            var actual = item switch { "true" => true, "false" => false, _ => item };
            if (!expected.TryGet(key, out var wanted))
            {
                return "value_error";
            }

            var error = wanted is PythonDict nested
                ? CheckDict(actual, nested)
                : PythonValues.Str(StandardizedText.OfValue(actual)).Contains(PythonValues.Str(StandardizedText.OfValue(wanted)), StringComparison.Ordinal) ? null : "value_error";
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    // For "objectArray" the reference calls its own checker with an argument too few and crashes; here it is checked like every list of dictionaries.
    private static string? CheckListOfDicts(List<object?> value, List<object?> answer, string declared)
    {
        if (value.Count != answer.Count)
        {
            return declared == "objectArray" ? "value_error:dict_items" : "value_error:list_dict_count";
        }

        return value.Zip(answer)
            .Select(pair => CheckDict(pair.First, pair.Second as PythonDict ?? throw new InvalidInputException("an expected list of objects holds something else")))
            .FirstOrDefault(error => error is not null);
    }

    // What Python's "for" sees.
    private static List<object?> Parts(object? value) => value switch
    {
        List<object?> list => list,
        PythonDict dict => [.. dict.Items.Select(item => item.Key)],
        string text => [.. text.Select(c => (object?)c.ToString())],
        _ => throw new InvalidInputException("an expected value is not a list, though its parameter is one"),
    };

    private static (string Type, string? Inner) Types(JsonElement details, string declared)
    {
        var nested = declared is "array" or "tuple" or "list(string)" or "list(enum)" or "object" or "objectArray";
        var inner = !nested ? null
            : details.At("items.type")?.GetString() is { } given ? PythonType(given)
            : declared.Contains("string", StringComparison.Ordinal) ? "str"
            : declared.Contains("enum", StringComparison.Ordinal) ? "enumerate" : "dict";
        return (PythonType(declared), inner);
    }

    private static string PythonType(string declared) => declared switch
    {
        "string" or "any" => "str",
        "integer" or "int" or "number" => "int",
        "float" => "float",
        "boolean" => "bool",
        "array" or "tuple" or "objectArray" or "list" or "list(string)" or "list(enum)" => "list",
        "dict" or "object" => "dict",
        "enum" => "enumerate",
        _ => throw new InvalidInputException($"unknown parameter type '{declared}'"),
    };
}
