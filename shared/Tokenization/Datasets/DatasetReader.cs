using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>
/// Reads data files (JSONL, also <c>.jsonl.gz</c>) into tokens with masks. A row that cannot be used is an error with file and line, or, with
/// <see cref="DatasetOptions.StopAtFirstProblem"/> off, left out and listed in the report; it never becomes a silent loss of 0.
/// </summary>
public static class DatasetReader
{
    private static readonly DatasetFormat[] SequenceFormats = [DatasetFormat.Messages, DatasetFormat.PromptCompletion, DatasetFormat.Text, DatasetFormat.Tokens];

    private static readonly Dictionary<DatasetFormat, string[]> KnownKeys = new()
    {
        [DatasetFormat.Messages] = ["messages", "tools", "documents", "chat_template_kwargs"],
        [DatasetFormat.PromptCompletion] = ["prompt", "completion", "tools", "documents", "chat_template_kwargs"],
        [DatasetFormat.Text] = ["text"],
        [DatasetFormat.Tokens] = ["input_ids", "completion_mask", "assistant_masks", "labels"],
        [DatasetFormat.Preference] = ["prompt", "chosen", "rejected", "prompt_ids", "chosen_ids", "rejected_ids", "tools", "documents", "chat_template_kwargs"],
        [DatasetFormat.Labelled] = ["prompt", "completion", "label", "prompt_ids", "completion_ids", "tools", "documents", "chat_template_kwargs"],
    };

    /// <summary>Rows for cpt and sft: messages, prompt and completion, text or tokens.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">What its rows look like.</param>
    /// <param name="tokenizer">The model's; null when it has none, which only rows of ready-made ids can do without.</param>
    /// <param name="options">How rows become tokens.</param>
    /// <exception cref="InvalidInputException">The file or a row of it cannot be used.</exception>
    public static Dataset<TokenRow> ReadRows(string path, DatasetFormat format, Tokenizer? tokenizer, DatasetOptions? options = null) =>
        Read(path, format, SequenceFormats, tokenizer, options, static (encoder, found, row, line) => encoder.Sequences(found, row, line), static row => (row.InputIds.Length, row.TrainableTokens));

    /// <summary>Preferences: prompt, chosen, rejected.</summary>
    /// <exception cref="InvalidInputException">The file or a row of it cannot be used.</exception>
    public static Dataset<PreferenceTokenRow> ReadPreferences(string path, Tokenizer? tokenizer, DatasetOptions? options = null) =>
        Read(
            path, DatasetFormat.Preference, [DatasetFormat.Preference], tokenizer, options, static (encoder, _, row, line) => encoder.Preferences(row, line),
            static row => (row.PromptIds.Length + Math.Max(row.ChosenIds.Length, row.RejectedIds.Length), row.ChosenIds.Length + row.RejectedIds.Length));

    /// <summary>Labelled answers (KTO): prompt, completion, label.</summary>
    /// <exception cref="InvalidInputException">The file or a row of it cannot be used.</exception>
    public static Dataset<LabelledTokenRow> ReadLabelled(string path, Tokenizer? tokenizer, DatasetOptions? options = null) =>
        Read(
            path, DatasetFormat.Labelled, [DatasetFormat.Labelled], tokenizer, options, static (encoder, _, row, line) => encoder.Labelled(row, line),
            static row => (row.PromptIds.Length + row.CompletionIds.Length, row.CompletionIds.Length));

    /// <summary>Prompts for reinforcement learning; the rows keep all their keys.</summary>
    /// <exception cref="InvalidInputException">The file or a row of it cannot be used.</exception>
    public static Dataset<PromptRow> ReadPrompts(string path, Tokenizer? tokenizer, DatasetOptions? options = null) =>
        Read(path, DatasetFormat.Prompt, [DatasetFormat.Prompt], tokenizer, options, static (encoder, _, row, line) => encoder.Prompts(row, line), static row => (row.PromptIds.Length, 0));

    /// <summary>The format of a file by its first row.</summary>
    /// <exception cref="InvalidInputException">The file is empty or its first row has the keys of no format.</exception>
    public static DatasetFormat Detect(string path)
    {
        foreach (var (line, row) in JsonLines.Read(path))
        {
            return DatasetFormatNames.Detect(row) ?? throw new InvalidInputException(
                path, line, $"the row has the keys of no format ({string.Join(", ", DatasetFormatNames.KnownNames.Where(static name => name != "auto"))})");
        }

        throw new InvalidInputException(path, null, "the file has no rows");
    }

    private static Dataset<TRow> Read<TRow>(
        string path,
        DatasetFormat format,
        DatasetFormat[] allowed,
        Tokenizer? tokenizer,
        DatasetOptions? options,
        Func<RowEncoder, DatasetFormat, JsonElement, int, IReadOnlyList<TRow>> encode,
        Func<TRow, (int Tokens, int Trainable)> measure)
    {
        var file = JsonLines.Open(path);
        format = format == DatasetFormat.Auto ? Detect(path) : format;
        if (!allowed.Contains(format))
        {
            throw new InvalidInputException(path, null, $"rows of the format '{DatasetFormatNames.Name(format)}' are of no use here; expected: {string.Join(", ", allowed.Select(DatasetFormatNames.Name))}");
        }

        options ??= new DatasetOptions();
        var encoder = new RowEncoder(tokenizer, options);
        var rows = new List<TRow>();
        var problems = new List<DatasetProblem>();
        var ignored = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var read = 0;
        var (tokens, trainable, longest) = (0L, 0L, 0);
        foreach (var (line, bytes) in file.Lines())
        {
            read++;
            try
            {
                var row = ParseRow(path, line, bytes);
                CountIgnored(row, format, ignored);
                foreach (var one in encode(encoder, format, row, line))
                {
                    rows.Add(one);
                    var (length, count) = measure(one);
                    (tokens, trainable, longest) = (tokens + length, trainable + count, Math.Max(longest, length));
                }
            }
            catch (Exception e) when (e is RowProblemException or InvalidOperationException)
            {
                // JSON text that cannot be read as UTF-16 (half a surrogate pair, in a key say) is an InvalidOperationException of the reader.
                var problem = e as RowProblemException ?? new RowProblemException(DatasetProblemKind.NotJson, "a key or text holds half a surrogate pair");
                if (options.StopAtFirstProblem)
                {
                    throw new InvalidInputException(path, line, problem.Message, e);
                }

                problems.Add(new DatasetProblem(line, problem.Kind, problem.Message));
            }
        }

        if (read == 0)
        {
            throw new InvalidInputException(path, null, "the file has no rows");
        }

        if (rows.Count == 0 && options.StopAtFirstProblem)
        {
            throw new InvalidInputException(path, null, $"no row is left: all {read} are longer than {options.MaxLength} tokens");
        }

        var report = new DatasetReport
        {
            File = path,
            Format = format,
            RowsRead = read,
            RowsKept = rows.Count,
            RowsTooLong = encoder.RowsTooLong,
            RowsSplit = encoder.RowsSplit,
            BoundariesEncodedApart = encoder.BoundariesEncodedApart,
            ReadyRowsWithoutEnd = encoder.ReadyRowsWithoutEnd,
            IdenticalAnswers = encoder.IdenticalAnswers,
            Tokens = tokens,
            TrainableTokens = trainable,
            LongestRow = longest,
            IgnoredKeys = ignored,
            Problems = problems,
            Notes = [.. encoder.EndsUnknownToGeneration.Select(token => $"turns end with {token}, but generation does not stop there: add its id to eos_token_id in generation_config.json")],
        };
        return new Dataset<TRow>(rows, report, file.Digest);
    }

    private static JsonElement ParseRow(string path, int line, byte[] bytes)
    {
        JsonElement row;
        try
        {
            row = JsonLines.Parse(path, line, bytes);
        }
        catch (InvalidInputException e)
        {
            throw new RowProblemException(DatasetProblemKind.NotJson, e.InnerException is JsonException json ? $"this is not JSON: {json.Message.Split(" LineNumber")[0]}" : e.Message);
        }

        return row.ValueKind == JsonValueKind.Object ? row : throw new RowProblemException(DatasetProblemKind.NotJson, "a row is a JSON object");
    }

    private static void CountIgnored(JsonElement row, DatasetFormat format, SortedDictionary<string, int> ignored)
    {
        if (!KnownKeys.TryGetValue(format, out var known))
        {
            return;
        }

        foreach (var property in row.EnumerateObject().Where(property => !known.Contains(property.Name)))
        {
            ignored[property.Name] = ignored.GetValueOrDefault(property.Name) + 1;
        }
    }
}
