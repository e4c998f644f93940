using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LamdAgent.Samples.ToolUse;

/// <summary>
/// Checks by content that nothing the models are scored on was ever trained on: no prompt of an evaluation item is a training prompt or an item
/// of the other split, and no made-up word that an answer asks for occurs in any training text.
/// </summary>
public static partial class Disjointness
{
    /// <summary>Checks all files of the sample.</summary>
    /// <param name="files">Path to content; training files lie in data/train and pretraining, items in data/validation and data/test.</param>
    /// <exception cref="InvalidOperationException">Something is on both sides; the message says what and where.</exception>
    public static void Verify(IReadOnlyDictionary<string, byte[]> files)
    {
        var trained = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, bytes) in files.Where(f => !IsEvaluation(f.Key) && f.Key.EndsWith(".jsonl", StringComparison.Ordinal)))
        {
            foreach (var row in Rows(bytes))
            {
                trained.UnionWith(Words().Matches(TextOf(row)).Select(m => m.Value));
                trained.Add(PromptOf(row));
            }
        }

        var scored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, bytes) in files.Where(f => IsEvaluation(f.Key)))
        {
            foreach (var row in Rows(bytes))
            {
                var prompt = PromptOf(row);
                if (trained.Contains(prompt) || !scored.TryAdd(prompt, path))
                {
                    throw new InvalidOperationException($"{path}: the prompt '{prompt}' is there twice");
                }

                if (AskedWords(row).FirstOrDefault(trained.Contains) is { } word)
                {
                    throw new InvalidOperationException($"{path}: the word '{word}' of '{prompt}' occurs in a training text");
                }
            }
        }
    }

    private static bool IsEvaluation(string path) => path.StartsWith("data/validation/", StringComparison.Ordinal) || path.StartsWith("data/test/", StringComparison.Ordinal);

    private static IEnumerable<JsonNode> Rows(byte[] bytes) =>
        Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!);

    private static string PromptOf(JsonNode row) => (string)(row["messages"]?[0]?["content"] ?? row["prompt"])!;

    /// <summary>All that a model may learn from: prompts, answers, arguments; not the tool declarations.</summary>
    private static string TextOf(JsonNode row) =>
        row["messages"]?.ToJsonString().ToLowerInvariant() ?? $"{row["prompt"]} {row["completion"]}".ToLowerInvariant();

    private static IEnumerable<string> AskedWords(JsonNode item) => item["calls"] is JsonArray calls
        ? calls[0]!["arguments"]!.AsObject().Where(a => a.Value!.GetValueKind() == System.Text.Json.JsonValueKind.String).Select(a => (string)a.Value!)
        : Words().Matches(((string)item["answer"]!).ToLowerInvariant()).Select(m => m.Value);

    [GeneratedRegex("[a-z]{2,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Words();
}
