using System.Globalization;
using System.Text;
using System.Text.Json;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Standalone.Commands;

/// <summary>How <c>lamd data check</c> writes what it found.</summary>
internal static class DataCheckText
{
    private const string Trained = "\x1b[32m", Given = "\x1b[2m", Plain = "\x1b[0m";
    private const int MostProblems = 20;

    public static string Json(Dataset<TokenRow> data)
    {
        var report = data.Report;
        return JsonSerializer.Serialize(
            new
            {
                file = report.File,
                format = DatasetFormatNames.Name(report.Format),
                sha256 = data.ContentDigest,
                rows = report.RowsRead,
                rows_kept = report.RowsKept,
                rows_too_long = report.RowsTooLong,
                tokens = report.Tokens,
                trainable_tokens = report.TrainableTokens,
                longest_row = report.LongestRow,
                boundaries_encoded_apart = report.BoundariesEncodedApart,
                ready_rows_without_end = report.ReadyRowsWithoutEnd,
                identical_answers = report.IdenticalAnswers,
                ignored_keys = report.IgnoredKeys,
                problem_counts = report.ProblemCounts.ToDictionary(pair => Name(pair.Key), pair => pair.Value),
                problems = report.Problems.Select(problem => new { line = problem.Line, kind = Name(problem.Kind), message = problem.Message }),
                notes = report.Notes,
            },
            new JsonSerializerOptions { WriteIndented = true });
    }

    /// <param name="output">Where to write.</param>
    /// <param name="data">The rows and the report.</param>
    /// <param name="tokenizer">Null: tokens are shown as ids.</param>
    /// <param name="rows">How many rows to show.</param>
    /// <param name="colours">Colour what trains green; otherwise it stands in brackets.</param>
    public static void Write(TextWriter output, Dataset<TokenRow> data, Tokenizer? tokenizer, int rows, bool colours)
    {
        foreach (var row in data.Rows.Take(rows))
        {
            output.WriteLine($"line {row.Line}: {row.InputIds.Length} tokens, {row.TrainableTokens} train");
            output.WriteLine(Row(row, tokenizer, colours));
            output.WriteLine();
        }

        var report = data.Report;
        output.WriteLine($"{report.File}: {report.RowsRead} rows of {DatasetFormatNames.Name(report.Format)}, {report.RowsKept} can be used");
        output.WriteLine($"{report.Tokens} tokens, {report.TrainableTokens} train; longest row {report.LongestRow}; sha256 {data.ContentDigest}");
        foreach (var (key, count) in report.IgnoredKeys)
        {
            output.WriteLine($"note: the key '{Safe(key)}' is not used ({count} rows)");
        }

        foreach (var note in Notes(report))
        {
            output.WriteLine($"note: {note}");
        }

        foreach (var problem in report.Problems.Take(MostProblems))
        {
            output.WriteLine($"{report.File}:{problem.Line}: {Safe(problem.Message)}");
        }

        if (report.Problems.Count > MostProblems)
        {
            output.WriteLine($"... and {report.Problems.Count - MostProblems} more");
        }

        output.WriteLine(report.Problems.Count == 0
            ? "no problems"
            : $"{report.Problems.Count} problems: {string.Join(", ", report.ProblemCounts.Select(pair => $"{pair.Value} {Name(pair.Key)}"))}");
    }

    private static IEnumerable<string> Notes(DatasetReport report)
    {
        if (report.BoundariesEncodedApart > 0)
        {
            yield return $"in {report.BoundariesEncodedApart} rows a token would have crossed into the answer; prompt and answer were encoded apart";
        }

        if (report.ReadyRowsWithoutEnd > 0)
        {
            yield return $"{report.ReadyRowsWithoutEnd} rows of tokens do not end with an end token";
        }

        if (report.IdenticalAnswers > 0)
        {
            yield return $"{report.IdenticalAnswers} rows have the same answer twice and teach nothing";
        }

        foreach (var note in report.Notes)
        {
            yield return note;
        }
    }

    private static string Row(TokenRow row, Tokenizer? tokenizer, bool colours)
    {
        var text = new StringBuilder();
        for (var i = 0; i < row.InputIds.Length; i++)
        {
            var trains = row.CompletionMask[i] == 1;
            var begins = i == 0 || row.CompletionMask[i - 1] != row.CompletionMask[i];
            var ends = i == row.InputIds.Length - 1 || row.CompletionMask[i + 1] != row.CompletionMask[i];
            var token = tokenizer is null ? row.InputIds[i].ToString(CultureInfo.InvariantCulture) : Safe(tokenizer.Decode([row.InputIds[i]], skipSpecialTokens: false));
            text.Append(begins ? (colours ? (trains ? Trained : Given) : trains ? "[[" : "") : "|").Append(token).Append(ends ? (colours ? Plain : trains ? "]]" : "") : "");
        }

        return text.ToString();
    }

    // Data may hold anything, terminal control sequences too.
    private static string Safe(string text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            builder.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        }

        return builder.ToString();
    }

    private static string Name(DatasetProblemKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
}
