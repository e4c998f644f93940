using System.Text.Json;

namespace LamdAgent.Merging.Tests;

/// <summary>Reads a vocabulary as the file says it, independently of the code under test.</summary>
internal static class Tokenizers
{
    public static Dictionary<string, int> ReadVocabulary(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")));
        var tokens = json.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject().ToDictionary(t => t.Name, t => t.Value.GetInt32(), StringComparer.Ordinal);
        foreach (var added in json.RootElement.GetProperty("added_tokens").EnumerateArray())
        {
            tokens[added.GetProperty("content").GetString()!] = added.GetProperty("id").GetInt32();
        }

        return tokens;
    }
}
