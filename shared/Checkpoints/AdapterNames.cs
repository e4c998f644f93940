using System.Globalization;
using System.Text.RegularExpressions;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>What names in PEFT's settings of an adapter mean: whole names of modules, their ends after a dot, or regular expressions over the whole name; and beginnings of an adapter.</summary>
public static class AdapterNames
{
    // Expressions come from files of others: one that backtracks for ever is an error, not a hang.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether a setting that is one text is a regular expression: names of modules have none of these characters.</summary>
    public static bool IsExpression(IReadOnlyList<string> setting) => setting is [var one] && one.AsSpan().ContainsAny(@"*+?[](){}|^$\");

    /// <summary>Whether an <c>init_lora_weights</c> changes the base's own weights too, so that the adapter's matrices alone are not what was trained.</summary>
    public static bool ChangesTheBase(string initLoraWeights) =>
        Array.Exists(["pissa", "corda", "olora", "loftq", "lora_ga"], b => initLoraWeights.StartsWith(b, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a list of names, or one expression, means a module.</summary>
    public static bool Means(IReadOnlyList<string> setting, string module) =>
        IsExpression(setting) ? Matches($@"\A(?:{setting[0]})\z", module) : setting.Any(name => Ends(module, name));

    /// <summary>The whole name, or its end after a dot.</summary>
    public static bool Ends(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    /// <summary>The value of the first key that the module's name ends in; keys are expressions.</summary>
    public static T? Lookup<T>(IEnumerable<KeyValuePair<string, T>> patterns, string module)
        where T : struct
    {
        foreach (var (key, value) in patterns)
        {
            if (Matches($@"\A(.*\.)?({key})\z", module))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Number of the layer that a module is in: after the first dot-separated word (or one of <paramref name="words"/>) that a number follows.</summary>
    public static int? LayerOf(string module, IReadOnlyList<string> words)
    {
        foreach (var word in words.Count == 0 ? [@"[^.]*"] : words)
        {
            var match = Try(() => Regex.Match(module, $@"\A.*?\.{word}\.(\d+)\.", RegexOptions.CultureInvariant, Patience), word);
            if (match.Success)
            {
                return int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    private static bool Matches(string expression, string module) => Try(() => Regex.IsMatch(module, expression, RegexOptions.CultureInvariant, Patience), expression);

    private static T Try<T>(Func<T> match, string expression)
    {
        try
        {
            return match();
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidInputException($"lora: '{expression}' is no regular expression that names modules: {e.Message}", e);
        }
    }
}
