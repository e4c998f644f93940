using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Runs a template: the expressions.</summary>
internal sealed partial class TemplateInterpreter
{
    private const int MaxRange = 100_000;

    public object ApplyFilter(string name, object value, CallArguments arguments)
    {
        Step(value is string text ? text.Length : 0);
        var filter = TemplateFilters.Find(name) ?? TemplateSequenceFilters.Find(name, this)
            ?? throw new ChatTemplateException(ChatTemplateError.Syntax, $"the filter '{name}' is not supported");
        return Counted(filter(value, arguments));
    }

    public bool ApplyTest(string name, object value, CallArguments arguments)
    {
        Step();
        var test = TemplateTests.Find(name) ?? throw new ChatTemplateException(ChatTemplateError.Syntax, $"the test '{name}' is not supported");
        return test(value, arguments);
    }

    public object Calculate(string symbol, object left, object right)
    {
        if (PythonNumbers.TryNumbers(left, right, out var a, out var b))
        {
            return PythonNumbers.Calculate(symbol, a, b);
        }

        if (left is Undefined undefinedLeft)
        {
            throw undefinedLeft.Error();
        }

        switch (symbol, left, right)
        {
            case ("%", string format, _):
                return TextFormat.Percent(format, right);
            case (_, _, Undefined undefined):
                throw undefined.Error();
            case ("+", string x, string y):
                PythonText.Allow((long)x.Length + y.Length);
                return x + y;
            case ("+", List<object> x, List<object> y):
                Step(64L * (x.Count + y.Count));
                return new List<object>([.. x, .. y]);
            case ("+", TemplateTuple x, TemplateTuple y):
                Step(64L * (x.Items.Count + y.Items.Count));
                return new TemplateTuple([.. x.Items, .. y.Items]);
            case ("*", string text, BigInteger or bool):
                return string.Concat(Enumerable.Repeat(text, Times(text.Length, right)));
            case ("*", BigInteger or bool, string text):
                return string.Concat(Enumerable.Repeat(text, Times(text.Length, left)));
            case ("*", List<object> list, BigInteger or bool):
                return Enumerable.Repeat(list, Times(64L * list.Count, right)).SelectMany(static items => items).ToList();
            case ("*", BigInteger or bool, List<object> list):
                return Enumerable.Repeat(list, Times(64L * list.Count, left)).SelectMany(static items => items).ToList();
            default:
                throw symbol == "+" && left is string
                    ? PythonOperators.Type($"can only concatenate str (not \"{PythonText.TypeName(right)}\") to str")
                    : PythonOperators.Type($"unsupported operand type(s) for {symbol}: '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
        }
    }

    private int Times(long length, object count)
    {
        var times = count is BigInteger number ? number.Sign < 0 ? BigInteger.Zero : number : (bool)count ? BigInteger.One : BigInteger.Zero;
        var total = times * Math.Max(1, length);
        PythonText.Allow(total > int.MaxValue ? int.MaxValue : (long)total);
        Step((long)total);
        return (int)times;
    }

    private object Evaluate(Expression expression)
    {
        Step();
        Enter();
        var value = expression switch
        {
            Expression.Constant constant => constant.Value,
            Expression.Name name => scope.Find(name.Identifier) ?? new Undefined($"'{name.Identifier}' is undefined"),
            Expression.Attribute attribute => TemplateMembers.Attribute(Evaluate(attribute.Target), attribute.Member),
            Expression.Item { Key: Expression.Slice slice } item => TemplateMembers.Slice(Evaluate(item.Target), Maybe(slice.Start), Maybe(slice.Stop), Maybe(slice.Step)),
            Expression.Item item => TemplateMembers.Item(Evaluate(item.Target), Evaluate(item.Key)),
            Expression.Call call => Call(call, null),
            Expression.Filter filter => ApplyFilter(filter.FilterName, Evaluate(filter.Target!), Arguments(filter.FilterName, filter.Passed, null)),
            Expression.Test test => ApplyTest(test.TestName, Evaluate(test.Target), Arguments(test.TestName, test.Passed, null)),
            Expression.Not not => !PythonOperators.Truth(Evaluate(not.Operand)),
            Expression.And and => Evaluate(and.Left) is var left && PythonOperators.Truth(left) ? Evaluate(and.Right) : left,
            Expression.Or or => Evaluate(or.Left) is var left && PythonOperators.Truth(left) ? left : Evaluate(or.Right),
            Expression.Sign sign => Sign(Evaluate(sign.Operand), sign.Negative),
            Expression.Arithmetic arithmetic => Counted(Calculate(arithmetic.Operator, Evaluate(arithmetic.Left), Evaluate(arithmetic.Right))),
            Expression.Concat concat => Concat(concat),
            Expression.Compare compare => Compare(compare),
            Expression.Conditional conditional => Choose(conditional),
            Expression.ListOf list => list.Items.Select(Evaluate).ToList(),
            Expression.TupleOf tuple => new TemplateTuple([.. tuple.Items.Select(Evaluate)]),
            Expression.DictOf dict => MakeDict(dict),
            _ => throw new ChatTemplateException(ChatTemplateError.Syntax, "a slice belongs into brackets"),
        };
        depth--;
        return value;
    }

    private object? Maybe(Expression? expression) => expression is null ? null : Evaluate(expression);

    private object Counted(object value)
    {
        Step(value switch { string text => text.Length, List<object> list => 8L * list.Count, _ => 0 });
        return value;
    }

    private static object Sign(object value, bool negative)
    {
        if (!PythonNumbers.TryNumber(value, out var number))
        {
            throw value is Undefined undefined ? undefined.Error() : PythonOperators.Type($"bad operand type for unary {(negative ? "-" : "+")}: '{PythonText.TypeName(value)}'");
        }

        return !negative ? number : number is BigInteger whole ? -whole : -(double)number;
    }

    private string Concat(Expression.Concat concat)
    {
        var parts = concat.Parts.Select(part => PythonText.Str(Evaluate(part))).ToList();
        var length = parts.Sum(static part => (long)part.Length);
        PythonText.Allow(length);
        Step(length);
        return string.Concat(parts);
    }

    private object Compare(Expression.Compare compare)
    {
        var left = Evaluate(compare.First);
        foreach (var (symbol, expression) in compare.Rest)
        {
            var right = Evaluate(expression);
            var holds = symbol switch
            {
                "==" => PythonOperators.AreEqual(left, right),
                "!=" => !PythonOperators.AreEqual(left, right),
                "in" => PythonOperators.Contains(right, left),
                "not in" => !PythonOperators.Contains(right, left),
                "<" => PythonOperators.Order(left, right, symbol) < 0,
                "<=" => PythonOperators.Order(left, right, symbol) <= 0,
                ">" => PythonOperators.Order(left, right, symbol) > 0,
                _ => PythonOperators.Order(left, right, symbol) >= 0,
            };
            if (!holds)
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private object Choose(Expression.Conditional conditional) =>
        PythonOperators.Truth(Evaluate(conditional.Condition)) ? Evaluate(conditional.Then)
        : conditional.Else is not null ? Evaluate(conditional.Else)
        : new Undefined("the inline if-expression evaluated to false and no else section was defined");

    private TemplateDict MakeDict(Expression.DictOf expression)
    {
        var dict = new TemplateDict();
        foreach (var (key, value) in expression.Items)
        {
            dict[Evaluate(key)] = Evaluate(value);
        }

        return dict;
    }

    private object Call(Expression.Call call, TemplateFunction? caller)
    {
        var target = Evaluate(call.Target);
        var arguments = Arguments("call", call.Passed, caller);
        return target switch
        {
            TemplateFunction function => Counted(function.Invoke(arguments)),
            LoopState { Recurse: { } recurse } => recurse(arguments.Positional.Count == 1 ? arguments.Positional[0] : throw PythonOperators.Type("loop() takes one argument")),
            LoopState => throw PythonOperators.Type("the loop must have the 'recursive' marker to be called recursively"),
            Undefined undefined => throw undefined.Error(),
            _ => throw PythonOperators.Type($"'{PythonText.TypeName(target)}' object is not callable"),
        };
    }

    private CallArguments Arguments(string callee, Expression.Arguments arguments, TemplateFunction? caller)
    {
        var positional = arguments.Positional.Select(Evaluate).ToList();
        if (arguments.Unpacked is not null)
        {
            positional.AddRange(PythonOperators.Iterate(Evaluate(arguments.Unpacked)));
        }

        var named = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments.Named)
        {
            named[name] = Evaluate(value);
        }

        if (arguments.UnpackedNamed is not null)
        {
            var dict = Evaluate(arguments.UnpackedNamed) as TemplateDict ?? throw PythonOperators.Type("argument after ** must be a mapping");
            foreach (var (key, value) in dict.Items)
            {
                named[key as string ?? throw PythonOperators.Type("keywords must be strings")] = value;
            }
        }

        if (caller is not null)
        {
            named["caller"] = caller;
        }

        return new CallArguments(callee, positional, named);
    }

    private object Range(CallArguments call)
    {
        var first = call.Int("start");
        var second = call.Optional("stop") is null ? (int?)null : call.Positional.Count > 1 ? new CallArguments("range", [call.Positional[1]], call.Named).Int("stop") : null;
        var (start, stop) = second is null ? (0, first) : (first, second.Value);
        var step = call.Int("step", 1);
        if (step == 0)
        {
            throw PythonOperators.Type("range() arg 3 must not be zero");
        }

        var count = Math.Max(0, (((long)stop - start) + step + (step > 0 ? -1 : 1)) / step);
        if (count > MaxRange)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, $"a range may have at most {MaxRange} items");
        }

        var items = Enumerable.Range(0, (int)count).Select(i => (object)(BigInteger)(start + ((long)i * step))).ToList();
        return new TemplateView("range", items, step == 1 ? $"range({start}, {stop})" : $"range({start}, {stop}, {step})");
    }

    private static object MakeDict(CallArguments call)
    {
        var dict = new TemplateDict();
        if (call.Positional.Count > 0)
        {
            foreach (var pair in call.Positional[0] is TemplateDict source ? TemplateSequenceFilters.Pairs(source) : PythonOperators.Iterate(call.Positional[0]))
            {
                var items = PythonOperators.Iterate(pair);
                dict[items.Count == 2 ? items[0] : throw PythonOperators.Type("dictionary update sequence element must have length 2")] = items[1];
            }
        }

        foreach (var (name, value) in call.Named)
        {
            dict[name] = value;
        }

        return dict;
    }

    private static object MakeNamespace(CallArguments call)
    {
        var space = new TemplateNamespace();
        foreach (var (key, value) in ((TemplateDict)MakeDict(call)).Items)
        {
            space.Members[key as string ?? throw PythonOperators.Type("names are strings")] = value;
        }

        return space;
    }
}
