using Kinds = LamdAgent.Evaluation.Grading.Mathematics.LatexToken.Kinds;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>Cuts LaTeX mathematics into tokens with the longest-match rules of SymPy's grammar (<c>sympy/parsing/latex/LaTeX.g4</c>, SymPy 1.14).</summary>
internal static class LatexLexer
{
    private static readonly HashSet<string> Skipped = new(StringComparer.Ordinal)
    {
        @"\thinspace", @"\medspace", @"\thickspace", @"\quad", @"\qquad", @"\negthinspace", @"\negmedspace", @"\negthickspace", @"\left", @"\right",
        @"\vrule", @"\vcenter", @"\vbox", @"\vskip", @"\vspace", @"\hfil",
    };

    private static readonly HashSet<string> Commands = new(StringComparer.Ordinal)
    {
        @"\exp", @"\log", @"\lg", @"\ln", @"\sin", @"\cos", @"\tan", @"\csc", @"\sec", @"\cot", @"\arcsin", @"\arccos", @"\arctan", @"\arccsc", @"\arcsec", @"\arccot",
        @"\sinh", @"\cosh", @"\tanh", @"\arsinh", @"\arcosh", @"\artanh", @"\lfloor", @"\rfloor", @"\lceil", @"\rceil", @"\sqrt", @"\overline", @"\times", @"\cdot",
        @"\div", @"\frac", @"\dfrac", @"\tfrac", @"\binom", @"\dbinom", @"\tbinom", @"\mathit", @"\neq", @"\leq", @"\le", @"\leqq", @"\leqslant", @"\geq", @"\ge", @"\geqq",
        @"\geqslant", @"\langle", @"\rangle", @"\lim", @"\to", @"\rightarrow", @"\Rightarrow", @"\longrightarrow", @"\Longrightarrow", @"\int", @"\sum", @"\prod",
    };

    public static List<LatexToken> Tokenize(string text)
    {
        var tokens = new List<LatexToken>();
        for (var i = 0; i < text.Length;)
        {
            var length = Next(text, i, out var token);
            if (token is { } found)
            {
                tokens.Add(found);
            }

            i += length;
        }

        tokens.Add(new LatexToken(Kinds.End, ""));
        return tokens;
    }

    private static int Next(string text, int i, out LatexToken? token)
    {
        var c = text[i];
        token = null;
        if (c is ' ' or '\t' or '\r' or '\n')
        {
            return 1;
        }

        if (c == '\\')
        {
            return Backslash(text, i, out token);
        }

        if (c == 'd' && DifferentialLength(text, i) is var length and > 0)
        {
            token = new LatexToken(Kinds.Differential, "d" + text[(i + 1)..(i + length)].Trim().TrimStart('\\'));
            return length;
        }

        token = char.IsAsciiDigit(c) ? new LatexToken(Kinds.Digit, c.ToString())
            : char.IsAsciiLetter(c) ? new LatexToken(Kinds.Letter, c.ToString())
            : new LatexToken("+-*/(){}[]|_^:=<>!',.".Contains(c, StringComparison.Ordinal) ? Kinds.Sign : Kinds.Bad, c.ToString());
        return 1;
    }

    private static int Backslash(string text, int i, out LatexToken? token)
    {
        var end = i + 1;
        while (end < text.Length && char.IsAsciiLetter(text[end]))
        {
            end++;
        }

        token = null;
        if (end > i + 1)
        {
            var name = text[i..end];
            if (name is @"\left" or @"\right" && end < text.Length && text[end] == '|')
            {
                token = new LatexToken(Kinds.Sign, name + "|");
                return end + 1 - i;
            }

            token = Skipped.Contains(name) ? null : new LatexToken(Commands.Contains(name) ? Kinds.Command : Kinds.Symbol, name);
            return end - i;
        }

        var next = i + 1 < text.Length ? text[i + 1] : ' ';
        if (!@",:;!*-./""(=".Contains(next, StringComparison.Ordinal))
        {
            token = next is '{' or '}' ? new LatexToken(Kinds.Sign, "\\" + next) : new LatexToken(Kinds.Bad, "\\");
        }

        return token is { Kind: Kinds.Bad } ? 1 : 2;
    }

    // d, blanks, and a letter or a command: dx, d\theta
    private static int DifferentialLength(string text, int i)
    {
        var j = i + 1;
        while (j < text.Length && text[j] is ' ' or '\t' or '\r' or '\n')
        {
            j++;
        }

        if (j < text.Length && char.IsAsciiLetter(text[j]))
        {
            return j + 1 - i;
        }

        var end = j + 1;
        while (j < text.Length && text[j] == '\\' && end < text.Length && char.IsAsciiLetter(text[end]))
        {
            end++;
        }

        return j < text.Length && text[j] == '\\' && end > j + 1 ? end - i : 0;
    }
}
