using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Jinja's tests: what may follow <c>is</c> (pallets/jinja src/jinja2/tests.py).</summary>
internal static class TemplateTests
{
    public static Func<object, CallArguments, bool>? Find(string name) => name switch
    {
        "boolean" => static (value, _) => value is bool,
        "callable" => static (value, _) => value is TemplateFunction,
        "defined" => static (value, _) => value is not Undefined,
        "undefined" => static (value, _) => value is Undefined,
        "none" => static (value, _) => value is None,
        "true" => static (value, _) => value is true,
        "false" => static (value, _) => value is false,
        "string" => static (value, _) => value is string,
        "mapping" => static (value, _) => value is TemplateDict,
        "number" => static (value, _) => value is BigInteger or double or bool,
        "integer" => static (value, _) => value is BigInteger,
        "float" => static (value, _) => value is double,
        "iterable" => static (value, _) => value is string or List<object> or TemplateTuple or TemplateDict or TemplateView or TemplateGenerator or Undefined,
        "sequence" => static (value, _) => value is string or List<object> or TemplateTuple or TemplateDict or Undefined or TemplateView { Type: "range" },
        "escaped" => static (_, _) => false,
        "even" => static (value, _) => Remainder(value, 2).IsZero,
        "odd" => static (value, _) => !Remainder(value, 2).IsZero,
        "divisibleby" => static (value, call) => Remainder(value, call.Int("num")).IsZero,
        "lower" => static (value, _) => Cased(value, "islower"),
        "upper" => static (value, _) => Cased(value, "isupper"),
        "in" => static (value, call) => PythonOperators.Contains(call.Required("seq"), value),
        "sameas" => static (value, call) => Same(value, call.Required("other")),
        "eq" or "equalto" or "==" => static (value, call) => PythonOperators.AreEqual(value, call.Required("other")),
        "ne" or "!=" => static (value, call) => !PythonOperators.AreEqual(value, call.Required("other")),
        "lt" or "lessthan" or "<" => static (value, call) => PythonOperators.Order(value, call.Required("other"), "<") < 0,
        "le" or "<=" => static (value, call) => PythonOperators.Order(value, call.Required("other"), "<=") <= 0,
        "gt" or "greaterthan" or ">" => static (value, call) => PythonOperators.Order(value, call.Required("other"), ">") > 0,
        "ge" or ">=" => static (value, call) => PythonOperators.Order(value, call.Required("other"), ">=") >= 0,
        _ => null,
    };

    private static bool Same(object left, object right) => (left, right) switch
    {
        (bool a, bool b) => a == b,
        (BigInteger a, BigInteger b) => a == b,
        (string a, string b) => a == b,
        _ => ReferenceEquals(left, right),
    };

    private static BigInteger Remainder(object value, int divisor)
    {
        if (!PythonNumbers.TryNumber(value, out var number))
        {
            throw value is Undefined undefined ? undefined.Error() : PythonOperators.Type($"unsupported operand type(s) for %: '{PythonText.TypeName(value)}' and 'int'");
        }

        return PythonNumbers.Calculate("%", number, (BigInteger)divisor) is BigInteger whole ? whole : (double)PythonNumbers.Calculate("%", number, (BigInteger)divisor) == 0 ? 0 : 1;
    }

    private static bool Cased(object value, string method) => (bool)StringMethods.Find(PythonText.Str(value), method)!(new CallArguments(method, [], new Dictionary<string, object>()));
}
