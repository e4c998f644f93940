using System.Globalization;
using System.Text;

namespace LamdAgent.Tokenization.Templates;

/// <summary>strftime, as far as templates write dates.</summary>
internal static class TemplateClock
{
    public static string Format(DateTimeOffset time, string format)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                builder.Append(format[i]);
                continue;
            }

            var pattern = format[++i] switch
            {
                'Y' => "yyyy",
                'y' => "yy",
                'm' => "MM",
                'd' => "dd",
                'b' => "MMM",
                'B' => "MMMM",
                'a' => "ddd",
                'A' => "dddd",
                'H' => "HH",
                'I' => "hh",
                'M' => "mm",
                'S' => "ss",
                'p' => "tt",
                '%' => "'%'",
                'j' => "",
                _ => throw new ChatTemplateException(ChatTemplateError.Type, $"strftime_now: '%{format[i]}' is not supported"),
            };
            builder.Append(pattern.Length == 0 ? time.DayOfYear.ToString("000", CultureInfo.InvariantCulture) : time.ToString(pattern, CultureInfo.InvariantCulture));
        }

        return builder.ToString();
    }
}
