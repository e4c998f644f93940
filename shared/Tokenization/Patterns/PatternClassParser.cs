namespace LamdAgent.Tokenization.Patterns;

/// <summary>Reads a bracketed class: ranges, escapes, POSIX names, nested classes, <c>&amp;&amp;</c> and <c>^</c>.</summary>
internal sealed class PatternClassParser(PatternParser source)
{
    private const int MaxDepth = 50;
    private int depth;

    public Func<int, bool> Parse()
    {
        if (++depth > MaxDepth)
        {
            throw source.Error("classes are nested too deeply");
        }

        source.Skip(1);
        var negated = source.Take('^');
        var members = new List<Func<int, bool>>();
        Func<int, bool>? conjunct = null;
        var first = true;
        while (true)
        {
            if (source.AtEnd)
            {
                throw source.Error("'[' without ']'");
            }

            if (source.Current == ']' && !first)
            {
                source.Skip(1);
                break;
            }

            if (source.StartsWith("&&"))
            {
                source.Skip(2);
                conjunct = And(conjunct, Union(members));
                members = [];
                first = false;
                continue;
            }

            members.Add(ParseItem());
            first = false;
        }

        var result = And(conjunct, Union(members));
        depth--;
        return negated ? codePoint => !result(codePoint) : result;
    }

    private Func<int, bool> ParseItem()
    {
        if (source.StartsWith("[:"))
        {
            var name = source.Upto(":]");
            if (name is not null && name.AsSpan(2).TrimStart('^') is var bare && CodePointSet.Property(bare.ToString()) is { } property)
            {
                source.Skip(name.Length + 2);
                var folded = source.Folded(property);
                return name.StartsWith("[:^") ? c => !folded(c) : folded;
            }
        }

        if (source.Current == '[')
        {
            return Parse();
        }

        if (source.Current == '\\' && source.ClassEscape() is { } escaped)
        {
            return escaped;
        }

        var low = One();
        if (source.StartsWith("-") && !source.StartsWith("-]"))
        {
            source.Skip(1);
            if (source.Current == '[' || (source.Current == '\\' && source.ClassEscape() is not null))
            {
                throw source.Error("a range ends in a class");
            }

            var high = One();
            return high < low ? throw source.Error("a range whose end is before its start") : source.Folded(c => c >= low && c <= high);
        }

        return source.Folded(c => c == low);
    }

    private int One() => source.Current == '\\' ? source.EscapedCodePoint() : source.NextCodePoint();

    private static Func<int, bool> Union(List<Func<int, bool>> members)
    {
        var all = members.ToArray();
        return codePoint =>
        {
            foreach (var member in all)
            {
                if (member(codePoint))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private static Func<int, bool> And(Func<int, bool>? left, Func<int, bool> right) => left is null ? right : codePoint => left(codePoint) && right(codePoint);
}
