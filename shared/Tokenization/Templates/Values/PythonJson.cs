using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>json.dumps as chat templates get it (<c>tojson</c>), and JSON into template values with the form of its numbers kept.</summary>
internal static class PythonJson
{
    public static object FromJson(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new TemplateDict();
                foreach (var property in element.EnumerateObject())
                {
                    dict[property.Name] = FromJson(property.Value);
                }

                return dict;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(FromJson).ToList();
            case JsonValueKind.String:
                return element.GetString()!;
            case JsonValueKind.Number:
                var raw = element.GetRawText();
                return raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0
                    ? raw.Length <= 4300 ? BigInteger.Parse(raw, CultureInfo.InvariantCulture) : throw new InvalidInputException("a number has more than 4300 digits")
                    : double.Parse(raw, CultureInfo.InvariantCulture);
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                return None.Value;
        }
    }

    /// <param name="value">What to write.</param>
    /// <param name="indent">What one level is indented with; null writes all on one line.</param>
    /// <param name="itemSeparator">Between items; by default <c>", "</c>, or <c>","</c> with an indent.</param>
    /// <param name="keySeparator">Between key and value.</param>
    /// <param name="asciiOnly">Write characters above 0x7E as escapes.</param>
    /// <param name="sortKeys">Write keys in order.</param>
    public static string ToJson(object value, string? indent = null, string? itemSeparator = null, string keySeparator = ": ", bool asciiOnly = false, bool sortKeys = false)
    {
        var writer = new Writer(indent, itemSeparator ?? (indent is null ? ", " : ","), keySeparator, asciiOnly, sortKeys);
        writer.Write(value, 0);
        return writer.Text.ToString();
    }

    private sealed class Writer(string? indent, string itemSeparator, string keySeparator, bool asciiOnly, bool sortKeys)
    {
        public StringBuilder Text { get; } = new();

        public void Write(object value, int level)
        {
            System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
            PythonText.Allow(Text.Length);
            switch (value)
            {
                case string text:
                    WriteString(text);
                    break;
                case None:
                    Text.Append("null");
                    break;
                case bool flag:
                    Text.Append(flag ? "true" : "false");
                    break;
                case BigInteger number:
                    Text.Append(number.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number:
                    Text.Append(Number(number));
                    break;
                case List<object> list:
                    WriteItems('[', list, ']', level, item => Write(item, level + 1));
                    break;
                case TemplateTuple tuple:
                    WriteItems('[', tuple.Items, ']', level, item => Write(item, level + 1));
                    break;
                case TemplateDict dict:
                    var entries = dict.Items.Select(pair => (Key: Key(pair.Key), pair.Value)).ToList();
                    if (sortKeys)
                    {
                        entries.Sort(static (a, b) => PythonOperators.CompareText(a.Key, b.Key));
                    }

                    WriteItems('{', entries, '}', level, entry =>
                    {
                        WriteString(entry.Key);
                        Text.Append(keySeparator);
                        Write(entry.Value, level + 1);
                    });
                    break;
                default:
                    throw PythonOperators.Type($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
            }
        }

        private void WriteItems<T>(char open, IReadOnlyList<T> items, char close, int level, Action<T> write)
        {
            Text.Append(open);
            for (var i = 0; i < items.Count; i++)
            {
                Text.Append(i == 0 ? "" : itemSeparator);
                NewLine(level + 1);
                write(items[i]);
            }

            if (items.Count > 0)
            {
                NewLine(level);
            }

            Text.Append(close);
        }

        private void NewLine(int level)
        {
            if (indent is not null)
            {
                Text.Append('\n');
                for (var i = 0; i < level; i++)
                {
                    Text.Append(indent);
                }
            }
        }

        private static string Number(double number) =>
            double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonNumbers.ToText(number);

        private static string Key(object key) => key switch
        {
            string text => text,
            None => "null",
            bool flag => flag ? "true" : "false",
            double number => Number(number),
            BigInteger number => number.ToString(CultureInfo.InvariantCulture),
            _ => throw PythonOperators.Type($"keys must be str, int, float, bool or None, not {PythonText.TypeName(key)}"),
        };

        private void WriteString(string text)
        {
            Text.Append('"');
            foreach (var c in text)
            {
                _ = c switch
                {
                    '"' => Text.Append("\\\""),
                    '\\' => Text.Append("\\\\"),
                    '\n' => Text.Append("\\n"),
                    '\r' => Text.Append("\\r"),
                    '\t' => Text.Append("\\t"),
                    '\b' => Text.Append("\\b"),
                    '\f' => Text.Append("\\f"),
                    _ when c < 0x20 || (asciiOnly && c > 0x7E) => Text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                    _ => Text.Append(c),
                };
            }

            Text.Append('"');
        }
    }
}
