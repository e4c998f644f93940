using System.Security.Cryptography;
using System.Text;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation;

/// <summary>
/// A task: data, prompt form, grader and metric, all of it data in a YAML file with a version that rises whenever a score could change.
/// Paths in it are relative to its folder. <c>docs/evaluation.md</c> lists the keys.
/// </summary>
public sealed class EvaluationTask
{
    private readonly Dictionary<EvaluationSplit, string> _data = [];
    private readonly byte[] _fileBytes;

    private EvaluationTask(ConfigMapping root, string folder, byte[] fileBytes)
    {
        _fileBytes = fileBytes;
        File = root.File;
        var name = root.Required("task");
        Name = name.AsString();
        if (Name.Length is 0 or > 80 || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') || Name.Trim('.').Length == 0)
        {
            throw name.Error("a task's name is 1 to 80 letters, digits, '_', '-' and '.'");
        }

        Version = root.Required("version").AsString();
        Description = root.Optional("description")?.AsString() ?? "";
        var grader = root.Required("grader");
        if (!GraderCatalogue.Knows(grader.AsString()))
        {
            throw grader.Error(GraderCatalogue.Unknown(grader.AsString()));
        }

        Grader = GraderCatalogue.Create(grader.AsString(), root.Optional("options")?.AsMapping());
        if (Grader.Metrics.Count == 0)
        {
            throw root.Required("grader").Error($"'{Grader.Name}' checks calculations and cannot score a task");
        }

        Metric = root.Optional("metric")?.AsOneOf([.. Grader.Metrics]) ?? Grader.Metrics[0];
        HigherIsBetter = root.Optional("higher_is_better")?.AsBool() ?? Grader.HigherIsBetter;
        RowForm = root.Optional("row_form")?.AsOneOf([.. RowForms.Names]);
        Prompt = PromptForm.Read(root.Optional("prompt")?.AsMapping(), RowForm is not null);
        MaxNewTokens = root.Optional("max_new_tokens")?.AsInt(1, 1 << 20) ?? 256;
        Stop = root.Optional("stop") is { } stop ? [.. stop.AsSequence().Select(node => node.AsString() is { Length: > 0 } text ? text : throw node.Error("a stop string cannot be empty"))] : [];
        ThinkEndToken = root.Optional("think_end_token")?.AsString();
        NumFewshot = root.Optional("num_fewshot")?.AsInt(0, 1000) ?? 0;
        FewshotFirst = root.Optional("fewshot_sampler")?.AsOneOf(["random", "first_n"]) == "first_n";
        FewshotSeed = root.Optional("fewshot_seed")?.AsInt(0) ?? 1234;
        ReadPaths(root, folder);
        if (NumFewshot > 0 && (FewshotData is null || Prompt.Target is null))
        {
            throw root.Required("num_fewshot").Error("few-shot examples need 'fewshot' data and a prompt with 'text' and 'target'");
        }

        root.RejectUnknownKeys();
    }

    /// <summary>The file it was read from.</summary>
    public string File { get; }

    /// <summary>Its name; also in the names of result files.</summary>
    public string Name { get; }

    /// <summary>Rises whenever a score could change.</summary>
    public string Version { get; }

    /// <summary>What it measures, for people and for the agent.</summary>
    public string Description { get; }

    /// <summary>Judges the answers.</summary>
    public IGrader Grader { get; }

    /// <summary>The metric that is the task's score; one of the grader's, the main one by default.</summary>
    public string Metric { get; }

    /// <summary>Whether a larger score is better; the grader knows by default.</summary>
    public bool HigherIsBetter { get; }

    /// <summary>How a row becomes a prompt.</summary>
    public PromptForm Prompt { get; }

    /// <summary>Form of a public data set that its rows are brought into first; null: the rows are taken as they are.</summary>
    public string? RowForm { get; }

    /// <summary>Tokens a model may write; 256 by default.</summary>
    public int MaxNewTokens { get; }

    /// <summary>Strings at which an answer is cut, in this order; none by default.</summary>
    public IReadOnlyList<string> Stop { get; }

    /// <summary>Everything up to the last one of these is thinking, and removed; null: nothing is.</summary>
    public string? ThinkEndToken { get; }

    /// <summary>Number of solved examples before each question; 0 by default.</summary>
    public int NumFewshot { get; }

    /// <summary>Whether the examples are the first of the few-shot data for every question (<c>fewshot_sampler: first_n</c>) instead of a random choice for each.</summary>
    public bool FewshotFirst { get; }

    /// <summary>Seed of the choice of examples, which is made anew for each question; 1234 as in the harness.</summary>
    public int FewshotSeed { get; }

    /// <summary>File of the examples, or null.</summary>
    public string? FewshotData { get; private set; }

    /// <summary>Reads a task file.</summary>
    /// <exception cref="InvalidInputException">It is missing or wrong, or names data that is missing.</exception>
    public static EvaluationTask Load(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new InvalidInputException(path, null, Directory.Exists(path) ? "is a folder, expected a task file" : "no such task file");
        }

        var bytes = System.IO.File.ReadAllBytes(path);
        return new EvaluationTask(ConfigDocument.Parse(Encoding.UTF8.GetString(bytes), path), Path.GetDirectoryName(Path.GetFullPath(path))!, bytes);
    }

    /// <summary>Whether the task has data for a split.</summary>
    public bool Has(EvaluationSplit split) => _data.ContainsKey(split);

    /// <summary>The data file of a split.</summary>
    /// <exception cref="InvalidInputException">The task has none.</exception>
    public string DataPath(EvaluationSplit split) => _data.TryGetValue(split, out var path)
        ? path
        : throw new InvalidInputException(File, null, $"has no '{(split == EvaluationSplit.Test ? "test" : "validation")}' data");

    /// <summary>The rows of a split.</summary>
    public IReadOnlyList<JsonRow> ReadRows(EvaluationSplit split) => ReadRows(DataPath(split));

    /// <summary>The rows of the few-shot data.</summary>
    internal IReadOnlyList<JsonRow> ReadFewshotRows() => ReadRows(FewshotData!);

    private IReadOnlyList<JsonRow> ReadRows(string path) => RowForm is null
        ? JsonLines.Read(path)
        : [.. JsonLines.Read(path).Select(row => row with { Value = row.Use(value => RowForms.Convert(RowForm, value)) })];

    /// <summary>
    /// SHA-256 over the task file, the split's data and the few-shot data: with the model's digest and <see cref="TaskEvaluator.Protocol"/> the key under
    /// which a score may be kept. Any change of a byte gives another key.
    /// </summary>
    public string Digest(EvaluationSplit split)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, _fileBytes);
        Append(hash, System.IO.File.ReadAllBytes(DataPath(split)));
        Append(hash, FewshotData is null ? [] : System.IO.File.ReadAllBytes(FewshotData));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, byte[] content)
    {
        hash.AppendData(BitConverter.GetBytes(content.LongLength));
        hash.AppendData(content);
    }

    private void ReadPaths(ConfigMapping root, string folder)
    {
        foreach (var (key, split) in new[] { ("validation", EvaluationSplit.Validation), ("test", EvaluationSplit.Test) })
        {
            if (root.Optional(key) is { } node)
            {
                _data[split] = Existing(node, folder);
            }
        }

        FewshotData = root.Optional("fewshot") is { } fewshot ? Existing(fewshot, folder) : null;
        if (_data.Count == 0)
        {
            throw root.Error("give 'validation' or 'test' data, or both");
        }
    }

    private static string Existing(ConfigNode node, string folder)
    {
        var path = Path.GetFullPath(Path.Combine(folder, node.AsString()));
        return System.IO.File.Exists(path) ? path : throw node.Error($"no such file: {node.AsString()}");
    }
}
