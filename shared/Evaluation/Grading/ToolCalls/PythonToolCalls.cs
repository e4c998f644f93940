using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>
/// Tool calls written as Python calls with keyword arguments, decoded as BFCL (<c>bfcl_eval/model_handler/utils.py</c>) and ACEBench
/// (<c>model_inference/utils.py</c>) do: positional arguments vanish, bare names become texts, arithmetic of literals is worked out.
/// </summary>
internal static class PythonToolCalls
{
    /// <summary>BFCL: what stands around is trimmed, missing outer brackets are added.</summary>
    /// <returns>The calls, each with one function name; null when the text cannot be decoded.</returns>
    public static List<(string Name, PythonDict Arguments)>? DecodeBfcl(string text)
    {
        text = text.Trim('`', '\n', ' ');
        text = text.StartsWith('[') ? text : "[" + text;
        text = text.EndsWith(']') ? text : text + "]";
        return Decode(PythonText.Strip(text).Trim('\''), bfcl: true);
    }

    /// <summary>ACEBench: the first outermost pair of square brackets.</summary>
    /// <returns>The calls, each with one function name; null when the text cannot be decoded.</returns>
    public static List<(string Name, PythonDict Arguments)>? DecodeAce(string text)
    {
        var start = -1;
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '[')
            {
                start = depth == 0 ? i : start;
                depth++;
            }
            else if (text[i] == ']' && --depth == 0 && start >= 0)
            {
                return Decode(text[start..(i + 1)], bfcl: false);
            }
        }

        return null;
    }

    private static List<(string Name, PythonDict Arguments)>? Decode(string text, bool bfcl)
    {
        try
        {
            var items = PythonParser.Parse(text) switch
            {
                PythonExpression.ListOf list => list.Items,
                PythonExpression.TupleOf tuple => tuple.Items,
                PythonExpression.SetOf set => set.Items,
                PythonExpression.Call call when bfcl => [call],
                _ => throw new PythonSyntaxException("not a list of calls"),
            };
            return [.. items.Select(item => item is PythonExpression.Call call ? Resolve(call, bfcl) : throw new PythonSyntaxException("not a call"))];
        }
        catch (PythonSyntaxException)
        {
            return null;
        }
    }

    private static (string Name, PythonDict Arguments) Resolve(PythonExpression.Call call, bool bfcl)
    {
        var parts = new List<string>();
        var function = call.Function;
        while (function is PythonExpression.Attribute attribute)
        {
            parts.Add(attribute.Member);
            function = attribute.Value;
        }

        if (function is PythonExpression.Name name)
        {
            parts.Add(name.Id);
        }

        parts.Reverse();
        var arguments = new PythonDict();
        foreach (var (keyword, value) in call.Keywords)
        {
            arguments.Set(keyword, Resolve(value, bfcl));
        }

        return (string.Join('.', parts), arguments);
    }

    private static object? Resolve(PythonExpression value, bool bfcl)
    {
        switch (value)
        {
            case PythonExpression.Constant { Value: PythonOpaque { TypeName: "ellipsis" } }:
                return "...";
            case PythonExpression.Constant constant:
                return constant.Value;
            case PythonExpression.Unary { Operand: PythonExpression.Constant operand }:
                // Whatever the sign is, the reference negates.
                return PythonEvaluator.Negate(operand.Value);
            case PythonExpression.ListOf list:
                return list.Items.Select(item => Resolve(item, bfcl)).ToList();
            case PythonExpression.TupleOf tuple:
                return new PythonTuple([.. tuple.Items.Select(item => Resolve(item, bfcl))]);
            case PythonExpression.DictOf dict:
                return ResolveDict(dict, bfcl);
            case PythonExpression.Binary:
                return PythonEvaluator.Evaluate(value);
            case PythonExpression.Name name:
                return name.Id;
            case PythonExpression.Call { Keywords.Count: 0 } bare when bfcl:
                return PythonUnparser.Unparse(bare);
            case PythonExpression.Call call:
                var (function, arguments) = Resolve(call, bfcl);
                var result = new PythonDict();
                result.Set(function, arguments);
                return result;
            case PythonExpression.Subscript subscript:
                return PythonUnparser.Unparse(subscript);
            default:
                throw new PythonSyntaxException("a value that the decoder refuses");
        }
    }

    private static PythonDict ResolveDict(PythonExpression.DictOf dict, bool bfcl)
    {
        var result = new PythonDict();
        foreach (var (key, item) in dict.Items)
        {
            var resolved = key is null ? throw new PythonSyntaxException("a mapping in a dictionary") : Resolve(key, bfcl);
            if (!IsHashable(resolved))
            {
                throw new PythonSyntaxException("a list or dictionary as a key");
            }

            result.Set(resolved, Resolve(item, bfcl));
        }

        return result;
    }

    private static bool IsHashable(object? value) => value switch
    {
        List<object?> or PythonDict => false,
        PythonTuple tuple => tuple.Items.All(IsHashable),
        _ => true,
    };
}
