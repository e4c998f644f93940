using System.Globalization;
using System.Numerics;
using System.Text;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's str() and repr(), and strings as sequences of code points.</summary>
internal static class PythonText
{
    private const int MaxLength = 32 * 1024 * 1024;

    public static string Str(object value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Repr(value),
    };

    public static string Repr(object value)
    {
        var builder = new StringBuilder();
        Repr(builder, value);
        return builder.ToString();
    }

    public static string TypeName(object value) => value switch
    {
        string => "str",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        None => "NoneType",
        List<object> => "list",
        TemplateTuple => "tuple",
        TemplateDict => "dict",
        Undefined => "Undefined",
        TemplateNamespace => "Namespace",
        LoopState => "LoopContext",
        TemplateView view => view.Type,
        TemplateGenerator => "generator",
        _ => "function",
    };

    public static int Length(string text)
    {
        var surrogates = 0;
        foreach (var c in text)
        {
            if (char.IsLowSurrogate(c))
            {
                surrogates++;
            }
        }

        return text.Length - surrogates;
    }

    public static List<object> CodePointsOf(string text)
    {
        var items = new List<object>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            CodePoints.At(text, i, out var length);
            items.Add(text.Substring(i, length));
            i += length;
        }

        return items;
    }

    /// <summary>Refuses text that grew out of bounds before it is made.</summary>
    public static void Allow(long length)
    {
        if (length > MaxLength)
        {
            throw new ChatTemplateException(ChatTemplateError.Limit, $"a text grew beyond {MaxLength} characters");
        }
    }

    private static void Repr(StringBuilder builder, object value)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        Allow(builder.Length);
        switch (value)
        {
            case string text:
                ReprText(builder, text);
                break;
            case bool flag:
                builder.Append(flag ? "True" : "False");
                break;
            case None:
                builder.Append("None");
                break;
            case BigInteger number:
                builder.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                builder.Append(PythonNumbers.ToText(number));
                break;
            case List<object> list:
                Join(builder, "[", list, "]");
                break;
            case TemplateTuple tuple:
                Join(builder, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")");
                break;
            case TemplateDict dict:
                builder.Append('{');
                var first = true;
                foreach (var (key, item) in dict.Items)
                {
                    builder.Append(first ? "" : ", ");
                    first = false;
                    Repr(builder, key);
                    builder.Append(": ");
                    Repr(builder, item);
                }

                builder.Append('}');
                break;
            case LoopState loop:
                builder.Append("<LoopContext ").Append(loop.Index + 1).Append('/').Append(loop.Length).Append('>');
                break;
            case Undefined:
                builder.Append("Undefined");
                break;
            case TemplateView { Text: { } own }:
                builder.Append(own);
                break;
            case TemplateView view:
                Join(builder, view.Type + "([", view.Items, "])");
                break;
            case TemplateFunction function:
                builder.Append(function.IsMacro ? $"<Macro '{function.Name}'>" : $"<function {function.Name}>");
                break;
            default:
                builder.Append('<').Append(TypeName(value)).Append('>');
                break;
        }
    }

    private static void Join(StringBuilder builder, string open, IReadOnlyList<object> items, string close)
    {
        builder.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            builder.Append(i == 0 ? "" : ", ");
            Repr(builder, items[i]);
        }

        builder.Append(close);
    }

    private static void ReprText(StringBuilder builder, string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        builder.Append(quote);
        for (var i = 0; i < text.Length;)
        {
            var codePoint = CodePoints.At(text, i, out var length);
            i += length;
            switch (codePoint)
            {
                case '\n':
                    builder.Append("\\n");
                    break;
                case '\r':
                    builder.Append("\\r");
                    break;
                case '\t':
                    builder.Append("\\t");
                    break;
                case '\\':
                    builder.Append("\\\\");
                    break;
                case var c when c == quote:
                    builder.Append('\\').Append(quote);
                    break;
                case var c when c == ' ' || IsPrintable(c):
                    CodePoints.Append(builder, c);
                    break;
                case < 0x100:
                    builder.Append("\\x").Append(codePoint.ToString("x2", CultureInfo.InvariantCulture));
                    break;
                case < 0x10000:
                    builder.Append("\\u").Append(codePoint.ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    builder.Append("\\U").Append(codePoint.ToString("x8", CultureInfo.InvariantCulture));
                    break;
            }
        }

        builder.Append(quote);
    }

    private static bool IsPrintable(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
