using System.Globalization;
using System.Numerics;
using System.Text;
using Kinds = LamdAgent.Evaluation.Python.PythonToken.Kinds;

namespace LamdAgent.Evaluation.Python;

/// <summary>Cuts a Python expression into tokens by the rules of Python 3's lexical analysis.</summary>
internal sealed class PythonLexer
{
    // CPython's limits: nesting of brackets, and digits of a decimal integer.
    private const int MaxNesting = 200;
    private const int MaxDigits = 4300;

    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
        "with", "yield",
    };

    private static readonly string[] Operators =
    [
        "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", ":=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(", ")", "[", "]", "{", "}",
        ",", ":", ".", ";", "=",
    ];

    private readonly string _text;
    private readonly List<PythonToken> _tokens = [];
    private int _position;
    private int _nesting;

    private PythonLexer(string text) => _text = text;

    public static List<PythonToken> Tokenize(string text)
    {
        var lexer = new PythonLexer(text);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        var ended = false;
        while (_position < _text.Length)
        {
            var c = _text[_position];
            if (c is '\n' or '\r')
            {
                // Outside brackets a line end ends the expression; only blank lines and comments may follow.
                ended |= _nesting == 0 && _tokens.Count > 0;
                _position++;
            }
            else if (c is ' ' or '\t' or '\f')
            {
                _position++;
            }
            else if (c == '#')
            {
                while (_position < _text.Length && _text[_position] is not ('\n' or '\r'))
                {
                    _position++;
                }
            }
            else if (c == '\\' && _position + 1 < _text.Length && _text[_position + 1] == '\n')
            {
                _position += 2;
            }
            else if (ended)
            {
                throw Error("more than one expression");
            }
            else
            {
                ReadToken(c);
            }
        }

        if (_nesting != 0)
        {
            throw Error("a bracket is not closed");
        }

        _tokens.Add(new PythonToken(Kinds.End, "", null));
    }

    private void ReadToken(char c)
    {
        if (char.IsAsciiDigit(c) || (c == '.' && _position + 1 < _text.Length && char.IsAsciiDigit(_text[_position + 1])))
        {
            ReadNumber();
            return;
        }

        if (c is '\'' or '"')
        {
            ReadString("");
            return;
        }

        if (IsNameStart(_position))
        {
            ReadName();
            return;
        }

        foreach (var op in Operators)
        {
            if (string.CompareOrdinal(_text, _position, op, 0, op.Length) == 0)
            {
                _nesting += op is "(" or "[" or "{" ? 1 : op is ")" or "]" or "}" ? -1 : 0;
                if (_nesting is < 0 or > MaxNesting)
                {
                    throw Error(_nesting < 0 ? "a bracket is not opened" : "too many nested brackets");
                }

                _position += op.Length;
                _tokens.Add(new PythonToken(Kinds.Operator, op, null));
                return;
            }
        }

        throw Error($"unexpected character '{c}'");
    }

    private void ReadName()
    {
        var start = _position;
        while (_position < _text.Length && IsNamePart(_position))
        {
            _position += char.IsHighSurrogate(_text[_position]) ? 2 : 1;
        }

        var name = _text[start.._position];
        if (_position < _text.Length && _text[_position] is '\'' or '"'
            && name.ToLowerInvariant() is "r" or "u" or "b" or "br" or "rb" or "f" or "fr" or "rf" or "t" or "tr" or "rt")
        {
            ReadString(name.ToLowerInvariant());
            return;
        }

        _tokens.Add(new PythonToken(Keywords.Contains(name) ? Kinds.Keyword : Kinds.Name, name, null));
    }

    private bool IsNameStart(int index) => _text[index] == '_' || Category(index) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
        or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber;

    private bool IsNamePart(int index) => IsNameStart(index) || Category(index) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation;

    private UnicodeCategory Category(int index) => CharUnicodeInfo.GetUnicodeCategory(_text, index);

    private void ReadNumber()
    {
        var start = _position;
        object value;
        if (_text[_position] == '0' && _position + 1 < _text.Length && char.ToLowerInvariant(_text[_position + 1]) is 'x' or 'o' or 'b')
        {
            var radix = char.ToLowerInvariant(_text[_position + 1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
            _position += 2;
            var number = BigInteger.Zero;
            foreach (var digit in Digits(c => char.IsAsciiHexDigit(c) && Convert.ToInt32(c.ToString(), 16) < radix, underscoreFirst: true))
            {
                number = (number * radix) + Convert.ToInt32(digit.ToString(), 16);
            }

            value = number;
        }
        else
        {
            value = ReadDecimal(start);
        }

        if (_position < _text.Length && char.ToLowerInvariant(_text[_position]) == 'j')
        {
            _position++;
            value = new PythonOpaque("complex", _text[start.._position]);
        }

        if (_position < _text.Length && IsNamePart(_position))
        {
            throw Error("a number runs into a name");
        }

        _tokens.Add(new PythonToken(Kinds.Number, _text[start.._position], value));
    }

    private object ReadDecimal(int start)
    {
        var whole = _text[_position] == '.' ? "" : Digits(char.IsAsciiDigit, underscoreFirst: false);
        var isFloat = false;
        if (_position < _text.Length && _text[_position] == '.')
        {
            isFloat = true;
            _position++;
            if (_position < _text.Length && char.IsAsciiDigit(_text[_position]))
            {
                Digits(char.IsAsciiDigit, underscoreFirst: false);
            }
        }

        if (_position < _text.Length && _text[_position] is 'e' or 'E')
        {
            var sign = _position + 1 < _text.Length && _text[_position + 1] is '+' or '-' ? 1 : 0;
            if (_position + 1 + sign < _text.Length && char.IsAsciiDigit(_text[_position + 1 + sign]))
            {
                isFloat = true;
                _position += 1 + sign;
                Digits(char.IsAsciiDigit, underscoreFirst: false);
            }
        }

        if (isFloat)
        {
            return double.Parse(_text[start.._position].Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        var imaginary = _position < _text.Length && _text[_position] is 'j' or 'J';
        if (!imaginary && whole.Length > 1 && whole[0] == '0' && whole.Any(c => c != '0'))
        {
            throw Error("leading zeros");
        }

        return whole.Length <= MaxDigits ? BigInteger.Parse(whole, CultureInfo.InvariantCulture) : throw Error("a number has too many digits");
    }

    // Digits with single underscores between them, which are left out of the result.
    private string Digits(Func<char, bool> isDigit, bool underscoreFirst)
    {
        var digits = new StringBuilder();
        while (_position < _text.Length)
        {
            var c = _text[_position];
            if (c == '_' && (digits.Length > 0 || underscoreFirst) && _position + 1 < _text.Length && isDigit(_text[_position + 1]))
            {
                _position++;
                continue;
            }

            if (!isDigit(c))
            {
                break;
            }

            digits.Append(c);
            _position++;
        }

        return digits.Length > 0 ? digits.ToString() : throw Error("not a number");
    }

    private void ReadString(string prefix)
    {
        var quote = _text[_position].ToString();
        if (string.CompareOrdinal(_text, _position, quote + quote + quote, 0, 3) == 0)
        {
            quote += quote + quote;
        }

        _position += quote.Length;
        var raw = new StringBuilder();
        while (true)
        {
            if (_position >= _text.Length || (quote.Length == 1 && _text[_position] is '\n' or '\r'))
            {
                throw Error("a text is not closed");
            }

            if (_text[_position] == '\\' && _position + 1 < _text.Length)
            {
                raw.Append(_text, _position, 2);
                _position += 2;
            }
            else if (string.CompareOrdinal(_text, _position, quote, 0, quote.Length) == 0)
            {
                _position += quote.Length;
                break;
            }
            else
            {
                raw.Append(_text[_position++]);
            }
        }

        var content = prefix.Contains('r', StringComparison.Ordinal) ? raw.ToString() : PythonEscapes.Resolve(raw.ToString());
        _tokens.Add(prefix.Contains('f', StringComparison.Ordinal) || prefix.Contains('t', StringComparison.Ordinal)
            ? new PythonToken(Kinds.FormattedText, "", null)
            : new PythonToken(Kinds.Text, "", prefix.Contains('b', StringComparison.Ordinal) ? new PythonOpaque("bytes", content) : content));
    }

    private PythonSyntaxException Error(string message) => new($"{message} at {_position}");
}
