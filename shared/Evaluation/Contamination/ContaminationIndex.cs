using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Contamination;

/// <summary>
/// Finds evaluation items in training rows by content, whatever the files and splits are called. A row holds an item when a prompt that it trains on,
/// or one of its longer texts, is the item's after case, punctuation and spacing are taken away, or when it holds at least half of the item's runs of
/// 13 words (the length used for GPT-3, arXiv 2005.14165, appendix C). Both splits of a task count: what steers a search must not be trained on either.
/// </summary>
public sealed class ContaminationIndex
{
    private const int RunLength = 13;
    private const double ShareThatCounts = 0.5;

    // Shorter texts ("yes", "A red apple") are in everything.
    private const int WordsOfALongText = 6;

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _runs = new(StringComparer.Ordinal);
    private readonly List<(string Item, int Runs)> _items = [];

    /// <summary>An index of all items of the tasks.</summary>
    /// <exception cref="InvalidInputException">A task's data cannot be read.</exception>
    public static ContaminationIndex Of(IEnumerable<EvaluationTask> tasks)
    {
        var index = new ContaminationIndex();
        foreach (var task in tasks)
        {
            foreach (var split in Enum.GetValues<EvaluationSplit>().Where(task.Has))
            {
                foreach (var row in task.ReadRows(split))
                {
                    index.Add($"{task.Name} {(split == EvaluationSplit.Test ? "test" : "validation")} line {row.Line}", row.Use(value => task.Prompt.Render(value, [])), row.Value);
                }
            }
        }

        return index;
    }

    /// <summary>Looks through a file of training rows.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public IReadOnlyList<ContaminationMatch> FindInFile(string path) =>
        [.. JsonLines.Read(path).Select(row => Find(row.Value, row.Line)).OfType<ContaminationMatch>()];

    /// <summary>The item that a training row holds, or null. Rows that are token ids only hold no text to look into.</summary>
    public ContaminationMatch? Find(JsonElement row, int line = 0)
    {
        foreach (var text in Prompts(row).Concat(LongTexts(row)))
        {
            if (_texts.TryGetValue(text, out var item))
            {
                return new ContaminationMatch(line, item, 1);
            }
        }

        var found = new Dictionary<int, int>();
        foreach (var holder in Runs(NormalisedText.Of(string.Join(' ', NormalisedText.Texts(row)))).SelectMany(run => _runs.GetValueOrDefault(run) ?? []))
        {
            found[holder] = found.GetValueOrDefault(holder) + 1;
        }

        var best = found.Select(pair => new ContaminationMatch(line, _items[pair.Key].Item, (double)pair.Value / _items[pair.Key].Runs)).MaxBy(match => match.Share);
        return best?.Share >= ShareThatCounts ? best : null;
    }

    private void Add(string item, ModelPrompt prompt, JsonElement row)
    {
        // The fields of a row that a template puts into its prompt are looked for without the template's words.
        IEnumerable<string> texts = prompt.Messages is { } messages
            ? [NormalisedText.OfConversation(messages.EnumerateArray())]
            : LongTexts(row).Append(NormalisedText.Of(prompt.Text!));
        foreach (var text in texts.Where(text => text.Length > 0).Distinct(StringComparer.Ordinal))
        {
            _texts.TryAdd(text, item);
            var runs = Runs(text).ToList();
            if (runs.Count > 0)
            {
                _items.Add((item, runs.Count));
                foreach (var run in runs)
                {
                    if (!_runs.TryGetValue(run, out var holders))
                    {
                        _runs[run] = holders = [];
                    }

                    holders.Add(_items.Count - 1);
                }
            }
        }
    }

    // What a row trains an answer to: a prompt, or a conversation up to each assistant turn.
    private static IEnumerable<string> Prompts(JsonElement row)
    {
        foreach (var value in new[] { "messages", "prompt", "chosen" }.Select(key => row.At(key)).OfType<JsonElement>())
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                yield return NormalisedText.Of(value.GetString()!);
            }
            else if (value.ValueKind == JsonValueKind.Array)
            {
                var turns = value.EnumerateArray().ToList();
                yield return NormalisedText.OfConversation(turns);
                for (var i = 1; i < turns.Count; i++)
                {
                    if (NormalisedText.Role(turns[i]) == "assistant")
                    {
                        yield return NormalisedText.OfConversation(turns.Take(i));
                    }
                }
            }
        }
    }

    private static IEnumerable<string> LongTexts(JsonElement row) =>
        NormalisedText.Texts(row).Select(NormalisedText.Of).Where(text => text.Count(c => c == ' ') + 1 >= WordsOfALongText);

    private static IEnumerable<string> Runs(string text)
    {
        var words = text.Split(' ');
        return Enumerable.Range(0, Math.Max(0, words.Length - RunLength + 1)).Select(i => string.Join(' ', words, i, RunLength)).Distinct(StringComparer.Ordinal);
    }
}
