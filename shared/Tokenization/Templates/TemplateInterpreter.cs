using System.Text;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Runs a template: the statements. One instance renders once.</summary>
internal sealed partial class TemplateInterpreter
{
    private readonly TemplateLimits limits;
    private readonly List<(int Start, int End)> generated = [];
    private StringBuilder output = new();
    private TemplateScope scope;
    private long steps;
    private int depth;
    private int captures;
    private int loopDepth;

    public TemplateInterpreter(TemplateLimits limits, IEnumerable<KeyValuePair<string, object>> globals, IEnumerable<KeyValuePair<string, object>> variables)
    {
        this.limits = limits;
        scope = new TemplateScope(null);
        foreach (var (name, value) in globals)
        {
            scope.Set(name, value);
        }

        scope.Set("range", new TemplateFunction("range", Range));
        scope.Set("dict", new TemplateFunction("dict", MakeDict));
        scope.Set("namespace", new TemplateFunction("namespace", MakeNamespace));
        scope = new TemplateScope(scope);
        foreach (var (name, value) in variables)
        {
            scope.Set(name, value);
        }
    }

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Where generation blocks put their text, as ranges of the output.</summary>
    public IReadOnlyList<(int Start, int End)> Generated => generated;

    public string Render(IReadOnlyList<Statement> template)
    {
        try
        {
            Run(template);
            return output.ToString();
        }
        catch (InsufficientExecutionStackException)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, "it is nested too deeply");
        }
    }

    private void Step(long textLength = 0)
    {
        steps += 1 + (textLength >> 6);
        if (steps > limits.Steps)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, $"it takes more than {limits.Steps} steps");
        }
    }

    private void Enter()
    {
        if (++depth > limits.Depth)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, "it is nested too deeply");
        }

        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    private void Write(string text)
    {
        Step(text.Length);
        if ((long)output.Length + text.Length > limits.OutputLength)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, $"it writes more than {limits.OutputLength} characters");
        }

        output.Append(text);
    }

    private Flow Run(IReadOnlyList<Statement> statements)
    {
        Enter();
        foreach (var statement in statements)
        {
            var flow = Run(statement);
            if (flow != Flow.Next)
            {
                depth--;
                return flow;
            }
        }

        depth--;
        return Flow.Next;
    }

    private Flow Run(Statement statement)
    {
        Step();
        switch (statement)
        {
            case Statement.Text text:
                Write(text.Value);
                return Flow.Next;
            case Statement.Print print:
                Write(PythonText.Str(Evaluate(print.Value)));
                return Flow.Next;
            case Statement.If branch:
                foreach (var (condition, body) in branch.Branches)
                {
                    if (PythonOperators.Truth(Evaluate(condition)))
                    {
                        return Run(body);
                    }
                }

                return Run(branch.Else);
            case Statement.For loop:
                RunFor(loop, PythonOperators.Iterate(Evaluate(loop.Source)));
                return Flow.Next;
            case Statement.Set set:
                Assign(set.Target, Evaluate(set.Value));
                return Flow.Next;
            case Statement.SetBlock set:
                Assign(set.Target, Filtered(Capture(set.Body, new TemplateScope(scope)), set.Filters));
                return Flow.Next;
            case Statement.Macro macro:
                scope.Set(macro.Name, MakeMacro(macro.Name, macro.Header, macro.Body));
                return Flow.Next;
            case Statement.CallBlock block:
                var caller = MakeMacro("caller", block.Header, block.Body);
                Write(PythonText.Str(Call(block.Call, caller)));
                return Flow.Next;
            case Statement.FilterBlock block:
                Write(PythonText.Str(Filtered(Capture(block.Body, new TemplateScope(scope)), block.Filters)));
                return Flow.Next;
            case Statement.With with:
                return RunWith(with);
            case Statement.Generation generation:
                RunGeneration(generation);
                return Flow.Next;
            case Statement.Break:
                return Flow.Break;
            default:
                return Flow.Continue;
        }
    }

    private void RunFor(Statement.For loop, IReadOnlyList<object> source)
    {
        var outer = scope;
        var items = source;
        if (loop.Condition is not null)
        {
            var kept = new List<object>();
            foreach (var item in source)
            {
                scope = new TemplateScope(outer);
                Assign(loop.Target, item);
                if (PythonOperators.Truth(Evaluate(loop.Condition)))
                {
                    kept.Add(item);
                }
            }

            (scope, items) = (outer, kept);
        }

        // A list that grows while it is looped over cannot come up: templates cannot change lists.
        var state = new LoopState(items, loopDepth) { Recurse = loop.Recursive ? inner => Recurse(loop, outer, inner) : null };
        loopDepth++;
        for (var i = 0; i < items.Count; i++)
        {
            Step();
            state.Index = i;
            scope = new TemplateScope(outer);
            Assign(loop.Target, items[i]);
            scope.Set("loop", state);
            if (Run(loop.Body) == Flow.Break)
            {
                break;
            }
        }

        loopDepth--;
        scope = outer;
        if (items.Count == 0)
        {
            scope = new TemplateScope(outer);
            Run(loop.Else);
            scope = outer;
        }
    }

    private string Recurse(Statement.For loop, TemplateScope outer, object inner)
    {
        Enter();
        var (savedScope, savedOutput) = (scope, output);
        (scope, output) = (outer, new StringBuilder());
        captures++;
        RunFor(loop, PythonOperators.Iterate(inner));
        captures--;
        var text = output.ToString();
        (scope, output) = (savedScope, savedOutput);
        depth--;
        return text;
    }

    private Flow RunWith(Statement.With with)
    {
        var values = with.Values.Select(pair => Evaluate(pair.Value)).ToList();
        var outer = scope;
        scope = new TemplateScope(outer);
        for (var i = 0; i < values.Count; i++)
        {
            Assign(with.Values[i].Target, values[i]);
        }

        var flow = Run(with.Body);
        scope = outer;
        return flow;
    }

    private void RunGeneration(Statement.Generation generation)
    {
        if (captures > 0)
        {
            throw new ChatTemplateException(ChatTemplateError.Syntax, "a generation block inside a macro, set or filter block is not supported: its place in the text is not known there");
        }

        var start = output.Length;
        var outer = scope;
        scope = new TemplateScope(outer);
        Run(generation.Body);
        scope = outer;
        generated.Add((start, output.Length));
    }

    private string Capture(IReadOnlyList<Statement> body, TemplateScope inner)
    {
        Enter();
        var (savedScope, savedOutput) = (scope, output);
        (scope, output) = (inner, new StringBuilder());
        captures++;
        Run(body);
        captures--;
        var text = output.ToString();
        (scope, output) = (savedScope, savedOutput);
        depth--;
        return text;
    }

    private object Filtered(string text, IReadOnlyList<Expression.Filter> filters) =>
        filters.Aggregate((object)text, (value, filter) => ApplyFilter(filter.FilterName, value, Arguments(filter.FilterName, filter.Passed, null)));

    private void Assign(Expression target, object value)
    {
        switch (target)
        {
            case Expression.Name name:
                scope.Set(name.Identifier, value);
                break;
            case Expression.Attribute attribute:
                if (Evaluate(attribute.Target) is not TemplateNamespace space)
                {
                    throw PythonOperators.Type("cannot assign attribute on non-namespace object");
                }

                space.Members[attribute.Member] = value;
                break;
            case Expression.TupleOf tuple:
                var items = value is Undefined undefined ? throw undefined.Error() : PythonOperators.Iterate(value);
                if (items.Count != tuple.Items.Count)
                {
                    throw PythonOperators.Type($"{(items.Count > tuple.Items.Count ? "too many" : "not enough")} values to unpack (expected {tuple.Items.Count})");
                }

                for (var i = 0; i < items.Count; i++)
                {
                    Assign(tuple.Items[i], items[i]);
                }

                break;
        }
    }

    private TemplateFunction MakeMacro(string name, Statement.Signature signature, IReadOnlyList<Statement> body)
    {
        var definition = scope;
        return new TemplateFunction(name, call =>
        {
            Enter();
            var inner = new TemplateScope(definition);
            var saved = scope;
            scope = inner;
            Bind(name, signature, call);
            scope = saved;
            var text = Capture(body, inner);
            depth--;
            return text;
        }, IsMacro: true);
    }

    private void Bind(string name, Statement.Signature signature, CallArguments call)
    {
        var parameters = signature.Parameters;
        for (var i = 0; i < parameters.Count; i++)
        {
            var (parameter, fallback) = parameters[i];
            var value = i < call.Positional.Count ? call.Positional[i]
                : call.Named.TryGetValue(parameter, out var named) ? named
                : fallback is not null ? Evaluate(fallback)
                : new Undefined($"parameter '{parameter}' was not provided");
            scope.Set(parameter, value);
        }

        if (call.Positional.Count > parameters.Count && !signature.TakesMore)
        {
            throw PythonOperators.Type($"macro '{name}' takes not more than {parameters.Count} argument(s)");
        }

        scope.Set("varargs", new TemplateTuple([.. call.Positional.Skip(parameters.Count)]));
        var rest = new TemplateDict();
        foreach (var (key, value) in call.Named)
        {
            if (key == "caller")
            {
                scope.Set("caller", value);
            }
            else if (parameters.All(parameter => parameter.Name != key))
            {
                rest[key] = signature.TakesMoreNamed ? value : throw PythonOperators.Type($"macro '{name}' takes no keyword argument '{key}'");
            }
        }

        scope.Set("kwargs", rest);
    }
}
