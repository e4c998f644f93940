using System.Globalization;
using System.Text;

namespace LamdAgent.Tokenization.Templates;

/// <summary>
/// Cuts a template into tokens as Jinja2 3.1 does with trim_blocks and lstrip_blocks on and keep_trailing_newline off
/// (pallets/jinja src/jinja2/lexer.py, Lexer.tokeniter).
/// </summary>
internal sealed partial class TemplateLexer
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string source;
    private readonly List<TemplateToken> tokens = [];
    private int at;
    private int line = 1;
    private bool lineStarting = true;

    private TemplateLexer(string source) => this.source = source;

    public static List<TemplateToken> Tokenize(string source)
    {
        var text = source.Replace("\r\n", "\n").Replace('\r', '\n');
        var lexer = new TemplateLexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.ReadAll();
        lexer.Add(TemplateTokenKind.End, "");
        return lexer.tokens;
    }

    private void ReadAll()
    {
        while (at < source.Length)
        {
            var tag = NextTag();
            if (tag < 0)
            {
                AddData(source[at..]);
                at = source.Length;
                return;
            }

            var kind = source[tag + 1];
            var sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : '\0';
            AddData(Before(source[at..tag], sign, isVariable: kind == '{'));
            Move(tag + (sign == '\0' ? 2 : 3));
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when RawBegins():
                    ReadRaw();
                    break;
                case '%':
                    Add(TemplateTokenKind.BlockBegin, "{%");
                    ReadCode(TemplateTokenKind.BlockEnd);
                    break;
                default:
                    Add(TemplateTokenKind.VariableBegin, "{{");
                    ReadCode(TemplateTokenKind.VariableEnd);
                    break;
            }
        }
    }

    private int NextTag()
    {
        for (var i = at; i + 1 < source.Length; i++)
        {
            if (source[i] == '{' && source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    // White space before a tag: '-' takes all of it, lstrip_blocks takes what stands alone before a block or comment on its line.
    private string Before(string text, char sign, bool isVariable)
    {
        if (sign == '-')
        {
            return TrimEnd(text);
        }

        if (sign == '+' || isVariable)
        {
            return text;
        }

        var start = text.LastIndexOf('\n') + 1;
        return (start > 0 || lineStarting) && text.AsSpan(start).IsWhiteSpace() ? text[..start] : text;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TemplateTokenKind.Data, text);
        }
    }

    private void Add(TemplateTokenKind kind, string text) => tokens.Add(new TemplateToken(kind, text, line));

    private void Move(int to)
    {
        line += source.AsSpan(at, to - at).Count('\n');
        lineStarting = to > at && source[to - 1] == '\n';
        at = to;
    }

    private void SkipComment()
    {
        var close = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (close < 0)
        {
            // Jinja lets an opening at the very end pass.
            if (at == source.Length)
            {
                return;
            }

            throw Error("a comment does not end");
        }

        var sign = close > at && source[close - 1] is '-' or '+' ? source[close - 1] : '\0';
        MoveAfterTag(close + 2, sign, trimNewline: true);
    }

    private void MoveAfterTag(int end, char sign, bool trimNewline)
    {
        if (sign == '-')
        {
            while (end < source.Length && char.IsWhiteSpace(source[end]))
            {
                end++;
            }
        }
        else if (trimNewline && sign != '+' && end < source.Length && source[end] == '\n')
        {
            end++;
        }

        Move(end);
    }

    private bool RawBegins()
    {
        var i = SkipSpace(at);
        if (!source.AsSpan(i).StartsWith("raw"))
        {
            return false;
        }

        i = SkipSpace(i + 3);
        return source.AsSpan(i).StartsWith("%}") || source.AsSpan(i).StartsWith("-%}");
    }

    private void ReadRaw()
    {
        var i = SkipSpace(SkipSpace(at) + 3);
        var sign = source[i] == '-' ? '-' : '\0';
        MoveAfterTag(i + (sign == '-' ? 3 : 2), sign, trimNewline: false);
        for (var tag = at; (tag = source.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            var inner = tag + 2;
            var openSign = inner < source.Length && source[inner] is '-' or '+' ? source[inner++] : '\0';
            inner = SkipSpace(inner);
            if (!source.AsSpan(inner).StartsWith("endraw"))
            {
                continue;
            }

            inner = SkipSpace(inner + 6);
            var closeSign = inner < source.Length && source[inner] is '-' or '+' ? source[inner++] : '\0';
            if (!source.AsSpan(inner).StartsWith("%}"))
            {
                continue;
            }

            AddData(Before(source[at..tag], openSign, isVariable: false));
            MoveAfterTag(inner + 2, closeSign, trimNewline: true);
            return;
        }

        throw Error("a raw block does not end");
    }

    private int SkipSpace(int i)
    {
        while (i < source.Length && char.IsWhiteSpace(source[i]))
        {
            i++;
        }

        return i;
    }

    private void ReadCode(TemplateTokenKind end)
    {
        var open = new Stack<char>();
        while (true)
        {
            Move(SkipSpace(at));
            if (at >= source.Length)
            {
                throw Error(end == TemplateTokenKind.BlockEnd ? "'{%' without '%}'" : "'{{' without '}}'");
            }

            if (open.Count == 0 && TryEnd(end))
            {
                return;
            }

            var c = source[at];
            if (c is '\'' or '"')
            {
                ReadString(c);
            }
            else if (char.IsAsciiDigit(c))
            {
                ReadNumber();
            }
            else if (c == '_' || char.IsLetter(c))
            {
                var i = at;
                while (i < source.Length && (source[i] == '_' || char.IsLetterOrDigit(source[i])))
                {
                    i++;
                }

                Add(TemplateTokenKind.Name, source[at..i]);
                Move(i);
            }
            else
            {
                ReadOperator(open);
            }
        }
    }

    private bool TryEnd(TemplateTokenKind end)
    {
        var isBlock = end == TemplateTokenKind.BlockEnd;
        var mark = isBlock ? "%}" : "}}";
        var sign = source[at] == '-' || (isBlock && source[at] == '+') ? source[at] : '\0';
        var start = sign == '\0' ? at : at + 1;
        if (!source.AsSpan(start).StartsWith(mark))
        {
            return false;
        }

        Add(end, mark);
        MoveAfterTag(start + 2, sign, trimNewline: isBlock);
        return true;
    }

    private void ReadOperator(Stack<char> open)
    {
        var symbol = Operators.FirstOrDefault(symbol => source.AsSpan(at).StartsWith(symbol)) ?? throw Error($"unexpected character '{source[at]}'");
        switch (symbol)
        {
            case "(" or "[" or "{":
                open.Push(symbol[0]);
                break;
            case ")" or "]" or "}":
                var wanted = symbol switch { ")" => '(', "]" => '[', _ => '{' };
                if (open.Count == 0 || open.Pop() != wanted)
                {
                    throw Error($"unexpected '{symbol}'");
                }

                break;
        }

        Add(TemplateTokenKind.Operator, symbol);
        Move(at + symbol.Length);
    }

    private static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    private ChatTemplateException Error(string message) => new(ChatTemplateError.Syntax, $"line {line}: {message}");
}
