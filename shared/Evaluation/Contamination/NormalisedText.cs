using System.Text;
using System.Text.Json;

namespace LamdAgent.Evaluation.Contamination;

/// <summary>Texts as they are compared: letters and digits in lower case, one blank for everything between.</summary>
internal static class NormalisedText
{
    private static readonly HashSet<string> NoContent = new(StringComparer.Ordinal) { "tools", "role", "id", "type" };

    public static string Of(string text)
    {
        var result = new StringBuilder(text.Length);
        var gap = false;
        foreach (var c in text)
        {
            if (!char.IsLetterOrDigit(c))
            {
                gap = true;
                continue;
            }

            if (gap && result.Length > 0)
            {
                result.Append(' ');
            }

            result.Append(char.ToLowerInvariant(c));
            gap = false;
        }

        return result.ToString();
    }

    /// <summary>The turns of a conversation without system messages, which training sets and tasks often share.</summary>
    public static string OfConversation(IEnumerable<JsonElement> turns) =>
        Of(string.Join(' ', turns.Where(turn => Role(turn) != "system").SelectMany(Texts)));

    /// <summary>All texts in a value; names of roles, schemas of tools and ids are no content.</summary>
    public static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
        JsonValueKind.Object => value.EnumerateObject().Where(pair => !NoContent.Contains(pair.Name)).SelectMany(pair => Texts(pair.Value)),
        _ => [],
    };

    public static string? Role(JsonElement turn) =>
        turn.ValueKind == JsonValueKind.Object && turn.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String ? role.GetString() : null;
}
