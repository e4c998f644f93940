using static LamdAgent.Tokenization.Templates.TemplateTokenKind;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Statements, after pallets/jinja src/jinja2/parser.py. What chat templates have no business with (import, include, extends) is refused by name.</summary>
internal sealed class TemplateParser
{
    private const int MaxNesting = 100;

    private readonly TemplateTokens tokens;
    private readonly ExpressionParser expressions;
    private int nesting;
    private int loops;

    private TemplateParser(string source)
    {
        tokens = new TemplateTokens(TemplateLexer.Tokenize(source));
        expressions = new ExpressionParser(tokens);
    }

    /// <summary>Whether the template has generation blocks.</summary>
    public bool HasGeneration { get; private set; }

    public static IReadOnlyList<Statement> Parse(string source, out bool hasGeneration)
    {
        var parser = new TemplateParser(source);
        var statements = parser.ParseBody();
        hasGeneration = parser.HasGeneration;
        return statements;
    }

    // Reads up to the end, or to a block that begins with one of the names; that name is the current token then.
    private List<Statement> ParseBody(params string[] ends)
    {
        if (++nesting > MaxNesting)
        {
            throw tokens.Error("blocks are nested too deeply");
        }

        var body = new List<Statement>();
        while (true)
        {
            var token = tokens.Current;
            switch (token.Kind)
            {
                case Data:
                    tokens.Next();
                    body.Add(new Statement.Text(token.Text));
                    break;
                case VariableBegin:
                    tokens.Next();
                    body.Add(new Statement.Print(expressions.ParseTuple(withConditional: true)));
                    tokens.Expect(VariableEnd);
                    break;
                case BlockBegin:
                    tokens.Next();
                    if (tokens.Current.Kind == Name && ends.Contains(tokens.Current.Text))
                    {
                        nesting--;
                        return body;
                    }

                    body.Add(ParseStatement());
                    break;
                default:
                    if (ends.Length > 0)
                    {
                        throw tokens.Error($"the template ends before '{ends[^1]}'");
                    }

                    nesting--;
                    return body;
            }
        }
    }

    private List<Statement> ParseBodyUntil(string end)
    {
        var body = ParseBody(end);
        CloseBlock();
        return body;
    }

    private void CloseBlock()
    {
        tokens.Next();
        tokens.Expect(BlockEnd);
    }

    private Statement ParseStatement()
    {
        var token = tokens.Current;
        if (token.Kind != Name)
        {
            throw tokens.Error("a block begins with a word");
        }

        tokens.Next();
        return token.Text switch
        {
            "if" => ParseIf(),
            "for" => ParseFor(),
            "set" => ParseSet(),
            "macro" => ParseMacro(),
            "call" => ParseCall(),
            "filter" => ParseFilterBlock(),
            "with" => ParseWith(),
            "generation" => ParseGeneration(),
            "break" => ParseLoopControl(new Statement.Break()),
            "continue" => ParseLoopControl(new Statement.Continue()),
            _ => throw tokens.Error($"the block '{token.Text}' is not supported"),
        };
    }

    private Statement ParseLoopControl(Statement statement)
    {
        if (loops == 0)
        {
            throw tokens.Error("break and continue belong into a loop");
        }

        tokens.Expect(BlockEnd);
        return statement;
    }

    private Statement.If ParseIf()
    {
        var branches = new List<(Expression Condition, IReadOnlyList<Statement> Body)>();
        while (true)
        {
            var condition = expressions.ParseTuple(withConditional: false);
            tokens.Expect(BlockEnd);
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            var word = tokens.Next().Text;
            if (word == "elif")
            {
                continue;
            }

            tokens.Expect(BlockEnd);
            return new Statement.If(branches, word == "else" ? ParseBodyUntil("endif") : []);
        }
    }

    private Statement.For ParseFor()
    {
        var target = expressions.ParseTarget(withNamespace: false);
        tokens.ExpectName("in");
        var source = expressions.ParseTuple(withConditional: false);
        var condition = tokens.SkipName("if") ? expressions.Parse() : null;
        var recursive = tokens.SkipName("recursive");
        tokens.Expect(BlockEnd);
        loops++;
        var body = ParseBody("endfor", "else");
        loops--;
        var hasElse = tokens.Next().Text == "else";
        tokens.Expect(BlockEnd);
        return new Statement.For(target, source, condition, body, hasElse ? ParseBodyUntil("endfor") : [], recursive);
    }

    private Statement ParseSet()
    {
        var target = expressions.ParseTarget(withNamespace: true);
        if (tokens.SkipOperator("="))
        {
            var value = expressions.ParseTuple(withConditional: true);
            tokens.Expect(BlockEnd);
            return new Statement.Set(target, value);
        }

        var filters = expressions.ParseFilters();
        tokens.Expect(BlockEnd);
        return new Statement.SetBlock(target, filters, ParseMacroBody("endset"));
    }

    private Statement.Macro ParseMacro()
    {
        var name = tokens.Expect(Name).Text;
        var signature = ParseSignature();
        tokens.Expect(BlockEnd);
        var start = tokens.Position;
        var body = ParseMacroBody("endmacro");
        return new Statement.Macro(name, WithMore(signature, start), body);
    }

    private List<Statement> ParseMacroBody(string end)
    {
        var outer = loops;
        loops = 0;
        var body = ParseBodyUntil(end);
        loops = outer;
        return body;
    }

    private Statement.Signature WithMore(Statement.Signature signature, int start) => signature with
    {
        TakesMore = tokens.Mentions("varargs", start, tokens.Position),
        TakesMoreNamed = tokens.Mentions("kwargs", start, tokens.Position),
    };

    private Statement.Signature ParseSignature()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        tokens.ExpectOperator("(");
        while (!tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            var name = tokens.Expect(Name).Text;
            var fallback = tokens.SkipOperator("=") ? expressions.Parse() : null;
            if (fallback is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw tokens.Error("a parameter without a default follows one with a default");
            }

            parameters.Add((name, fallback));
        }

        return new Statement.Signature(parameters);
    }

    private Statement.CallBlock ParseCall()
    {
        var signature = tokens.Current.IsOperator("(") ? ParseSignature() : new Statement.Signature([]);
        if (expressions.Parse() is not Expression.Call call)
        {
            throw tokens.Error("a call block needs a call");
        }

        tokens.Expect(BlockEnd);
        var start = tokens.Position;
        var body = ParseMacroBody("endcall");
        return new Statement.CallBlock(WithMore(signature, start), call, body);
    }

    private Statement.FilterBlock ParseFilterBlock()
    {
        var filters = expressions.ParseFilters(first: true);
        tokens.Expect(BlockEnd);
        return new Statement.FilterBlock(filters, ParseMacroBody("endfilter"));
    }

    private Statement.With ParseWith()
    {
        var values = new List<(Expression Target, Expression Value)>();
        while (tokens.Current.Kind != BlockEnd)
        {
            if (values.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            var target = expressions.ParseTarget(withNamespace: false);
            tokens.ExpectOperator("=");
            values.Add((target, expressions.Parse()));
        }

        tokens.Expect(BlockEnd);
        return new Statement.With(values, ParseBodyUntil("endwith"));
    }

    private Statement.Generation ParseGeneration()
    {
        HasGeneration = true;
        tokens.Expect(BlockEnd);
        return new Statement.Generation(ParseMacroBody("endgeneration"));
    }
}
