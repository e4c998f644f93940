using System.Globalization;
using System.Text.RegularExpressions;

namespace LamdAgent.Domain.Models;

/// <summary>
/// Neutral model ids: <c>m-0001</c> ... for the models that a search starts from, in spec order, then one per step in step order. They say nothing about
/// quality or skills, because an agent judges models by their names. Safe as file and folder names.
/// </summary>
public static partial class ModelId
{
    /// <summary>The model made by the plain SFT reference; never shown to the agent.</summary>
    public const string PlainSft = "ref-sft";

    /// <summary>The id of the n-th model, counted from 1.</summary>
    public static string Format(int number) => string.Create(CultureInfo.InvariantCulture, $"m-{number:0000}");

    /// <summary>Whether a text has the form of a model id.</summary>
    public static bool IsValid(string text) => Pattern().IsMatch(text);

    [GeneratedRegex(@"\A(m-[0-9]{4,9}|ref-[a-z]{1,20})\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex Pattern();
}
