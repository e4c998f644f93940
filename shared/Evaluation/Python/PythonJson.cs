namespace LamdAgent.Evaluation.Python;

/// <summary>What <c>json.loads</c> accepts: JSON, and NaN, Infinity and -Infinity besides.</summary>
public static class PythonJson
{
    // Python's own recursion gives up near 1000 levels.
    private const int MaxDepth = 990;

    /// <summary>Whether the text is one JSON value.</summary>
    public static bool IsValid(string text)
    {
        var position = 0;
        SkipSpace(text, ref position);
        if (!Value(text, ref position, 0))
        {
            return false;
        }

        SkipSpace(text, ref position);
        return position == text.Length;
    }

    private static void SkipSpace(string text, ref int position)
    {
        while (position < text.Length && text[position] is ' ' or '\t' or '\n' or '\r')
        {
            position++;
        }
    }

    private static bool Value(string text, ref int position, int depth)
    {
        if (position >= text.Length || depth > MaxDepth)
        {
            return false;
        }

        switch (text[position])
        {
            case '"':
                return String(text, ref position);
            case '{':
                return Items(text, ref position, '}', depth, keys: true);
            case '[':
                return Items(text, ref position, ']', depth, keys: false);
            default:
                foreach (var word in new[] { "null", "true", "false", "NaN", "Infinity", "-Infinity" })
                {
                    if (string.CompareOrdinal(text, position, word, 0, word.Length) == 0)
                    {
                        position += word.Length;
                        return true;
                    }
                }

                return Number(text, ref position);
        }
    }

    private static bool Items(string text, ref int position, char close, int depth, bool keys)
    {
        position++;
        SkipSpace(text, ref position);
        if (position < text.Length && text[position] == close)
        {
            position++;
            return true;
        }

        while (true)
        {
            if (keys)
            {
                if (position >= text.Length || text[position] != '"' || !String(text, ref position))
                {
                    return false;
                }

                SkipSpace(text, ref position);
                if (position >= text.Length || text[position++] != ':')
                {
                    return false;
                }

                SkipSpace(text, ref position);
            }

            if (!Value(text, ref position, depth + 1))
            {
                return false;
            }

            SkipSpace(text, ref position);
            if (position >= text.Length)
            {
                return false;
            }

            var c = text[position++];
            if (c == close)
            {
                return true;
            }

            if (c != ',')
            {
                return false;
            }

            SkipSpace(text, ref position);
        }
    }

    private static bool String(string text, ref int position)
    {
        position++;
        while (position < text.Length)
        {
            var c = text[position++];
            if (c == '"')
            {
                return true;
            }

            if (c < ' ')
            {
                return false;
            }

            if (c == '\\')
            {
                if (position >= text.Length)
                {
                    return false;
                }

                var escape = text[position++];
                if (escape == 'u')
                {
                    if (position + 4 > text.Length || !text.AsSpan(position, 4).ToString().All(char.IsAsciiHexDigit))
                    {
                        return false;
                    }

                    position += 4;
                }
                else if (!"\"\\/bfnrt".Contains(escape, StringComparison.Ordinal))
                {
                    return false;
                }
            }
        }

        return false;
    }

    // -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?
    private static bool Number(string text, ref int position)
    {
        var start = position;
        if (position < text.Length && text[position] == '-')
        {
            position++;
        }

        if (position < text.Length && text[position] == '0')
        {
            position++;
        }
        else if (!Digits(text, ref position))
        {
            position = start;
            return false;
        }

        var mark = position;
        if (position < text.Length && text[position] == '.' && !(++position < text.Length && Digits(text, ref position)))
        {
            position = mark;
            return true;
        }

        mark = position;
        if (position < text.Length && text[position] is 'e' or 'E')
        {
            position++;
            if (position < text.Length && text[position] is '+' or '-')
            {
                position++;
            }

            if (!Digits(text, ref position))
            {
                position = mark;
            }
        }

        return true;
    }

    private static bool Digits(string text, ref int position)
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        return position > start;
    }
}
