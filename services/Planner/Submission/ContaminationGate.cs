using System.Text;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Evaluation;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Planner.Submission;

/// <summary>
/// Looks for evaluation items among the training rows, by content and whatever the files are called: a conversation or prompt that is the same after case, punctuation and
/// spacing are taken away, or a row that holds at least half of an item's runs of 13 words. Rows that are token ids only cannot be looked into.
/// </summary>
public static class ContaminationGate
{
    private const int RunLength = 13; // words; the length used for GPT-3 (arXiv 2005.14165, appendix C)
    private const int Shown = 3;

    /// <summary>All overlaps of a spec's datasets with the validation and test items of its tasks.</summary>
    /// <exception cref="InvalidInputException">A task or dataset cannot be read.</exception>
    public static IReadOnlyList<Overlap> Find(SearchSpec spec)
    {
        var items = new Dictionary<string, string>(StringComparer.Ordinal);
        var runs = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var runCounts = new List<(string Item, int Count)>();
        foreach (var reference in spec.Tasks)
        {
            var task = EvaluationTask.Load(reference.Path);
            foreach (var split in new[] { EvaluationSplit.Validation, EvaluationSplit.Test }.Where(task.Has))
            {
                foreach (var row in task.ReadRows(split))
                {
                    var prompt = row.Use(value => task.Prompt.Render(value, []));
                    var text = prompt.Messages is { } messages ? Conversation(messages) : Normalize(prompt.Text ?? "");
                    var name = $"{reference.Id} {split.ToString().ToLowerInvariant()} line {row.Line}";
                    if (text.Length > 0)
                    {
                        items.TryAdd(text, name);
                        AddRuns(text, name);
                    }
                }
            }
        }

        var overlaps = new List<Overlap>();
        foreach (var dataset in spec.Datasets.Where(d => d.Format != DatasetFormats.Tokens))
        {
            var hits = new List<(int Line, string Item)>();
            foreach (var row in JsonLines.Read(dataset.Path))
            {
                if (Match(row.Value) is { } item)
                {
                    hits.Add((row.Line, item));
                }
            }

            if (hits.Count > 0)
            {
                overlaps.Add(new Overlap(dataset.Id, hits.Count, [.. hits.Take(Shown).Select(h => $"line {h.Line} = {h.Item}")]));
            }
        }

        return overlaps;

        void AddRuns(string text, string name)
        {
            var words = text.Split(' ');
            if (words.Length < RunLength)
            {
                return;
            }

            var distinct = Runs(words).ToHashSet(StringComparer.Ordinal);
            runCounts.Add((name, distinct.Count));
            foreach (var run in distinct)
            {
                if (!runs.TryGetValue(run, out var holders))
                {
                    runs[run] = holders = [];
                }

                holders.Add(runCounts.Count - 1);
            }
        }

        string? Match(JsonElement row)
        {
            foreach (var prompt in Prompts(row))
            {
                if (items.TryGetValue(prompt, out var item))
                {
                    return item;
                }
            }

            if (runs.Count == 0)
            {
                return null;
            }

            var found = new Dictionary<int, int>();
            foreach (var run in Runs(Normalize(AllText(row)).Split(' ')).Distinct(StringComparer.Ordinal))
            {
                foreach (var holder in runs.GetValueOrDefault(run) ?? [])
                {
                    found[holder] = found.GetValueOrDefault(holder) + 1;
                }
            }

            var match = found.FirstOrDefault(f => f.Value * 2 >= runCounts[f.Key].Count, new KeyValuePair<int, int>(-1, 0)).Key;
            return match < 0 ? null : runCounts[match].Item;
        }
    }

    /// <summary>Applies the spec's gate: throws, warns or does nothing.</summary>
    /// <returns>Warnings to be shown.</returns>
    /// <exception cref="InvalidInputException">The gate rejects and there is an overlap.</exception>
    public static IReadOnlyList<string> Apply(SearchSpec spec)
    {
        if (spec.Gates.Contamination == "off")
        {
            return [];
        }

        var overlaps = Find(spec);
        if (overlaps.Count > 0 && spec.Gates.Contamination == "reject")
        {
            var worst = overlaps[0];
            throw new InvalidInputException(
                spec.File,
                spec.Datasets.First(d => d.Id == worst.DatasetId).Line,
                $"datasets: '{worst.DatasetId}' holds {worst.Rows} evaluation items ({string.Join("; ", worst.Examples)}); take them out, or say gates: {{contamination: warn}}");
        }

        return [
            .. overlaps.Select(o => $"dataset '{o.DatasetId}' holds {o.Rows} evaluation items ({string.Join("; ", o.Examples)}); scores on them mean little"),
            .. spec.Datasets.Where(d => d.Format == DatasetFormats.Tokens).Select(d => $"dataset '{d.Id}' is token ids and could not be looked into for evaluation items"),
        ];
    }

    /// <summary>The prompts that a row trains an answer to.</summary>
    private static IEnumerable<string> Prompts(JsonElement row)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        foreach (var key in new[] { "messages", "prompt", "chosen" })
        {
            if (!row.TryGetProperty(key, out var value))
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.String)
            {
                yield return Normalize(value.GetString()!);
            }
            else if (value.ValueKind == JsonValueKind.Array)
            {
                var turns = value.EnumerateArray().ToList();
                yield return Conversation(turns);
                for (var i = 1; i < turns.Count; i++)
                {
                    if (Role(turns[i]) == "assistant")
                    {
                        yield return Conversation(turns.Take(i));
                    }
                }
            }
        }
    }

    private static string Conversation(JsonElement messages) =>
        messages.ValueKind == JsonValueKind.Array ? Conversation(messages.EnumerateArray()) : "";

    /// <summary>Turns without the system message, which a training set often has in common with a task.</summary>
    private static string Conversation(IEnumerable<JsonElement> turns) => Normalize(string.Join(' ', turns.Where(t => Role(t) != "system").Select(AllText)));

    private static string? Role(JsonElement turn) =>
        turn.ValueKind == JsonValueKind.Object && turn.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String ? role.GetString() : null;

    /// <summary>The text of contents; names, roles and schemas of tools are no content.</summary>
    private static string AllText(JsonElement value)
    {
        var text = new StringBuilder();
        Collect(value);
        return text.ToString();

        void Collect(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.String:
                    text.Append(element.GetString()).Append(' ');
                    break;
                case JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray())
                    {
                        Collect(item);
                    }

                    break;
                case JsonValueKind.Object:
                    foreach (var property in element.EnumerateObject().Where(p => p.Name is not ("tools" or "role" or "id" or "type")))
                    {
                        Collect(property.Value);
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private static string Normalize(string text)
    {
        var result = new StringBuilder(text.Length);
        var space = false;
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                if (space && result.Length > 0)
                {
                    result.Append(' ');
                }

                result.Append(char.ToLowerInvariant(c));
                space = false;
            }
            else
            {
                space = true;
            }
        }

        return result.ToString();
    }

    private static IEnumerable<string> Runs(string[] words)
    {
        for (var i = 0; i + RunLength <= words.Length; i++)
        {
            yield return string.Join(' ', words, i, RunLength);
        }
    }
}
