namespace LamdAgent.Tokenization.Datasets;

/// <summary>What was found while rows became tokens.</summary>
public sealed record DatasetReport
{
    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>The format the rows were read as.</summary>
    public required DatasetFormat Format { get; init; }

    /// <summary>Rows in the file, blank lines not counted.</summary>
    public int RowsRead { get; init; }

    /// <summary>Rows handed on.</summary>
    public int RowsKept { get; init; }

    /// <summary>Rows left out because they are too long (only with <see cref="OverlongPolicy.Drop"/>).</summary>
    public int RowsTooLong { get; init; }

    /// <summary>Rows of plain text that were cut into several (only with <see cref="OverlongPolicy.Split"/>).</summary>
    public int RowsSplit { get; init; }

    /// <summary>Rows in which a token would have crossed from prompt to answer, so that the two were encoded apart.</summary>
    public int BoundariesEncodedApart { get; init; }

    /// <summary>Ready-made rows (tokens) whose last trained token is no end token. They are taken as they are.</summary>
    public int ReadyRowsWithoutEnd { get; init; }

    /// <summary>Preference rows whose two answers are the same: they teach nothing.</summary>
    public int IdenticalAnswers { get; init; }

    /// <summary>Tokens of the rows kept.</summary>
    public long Tokens { get; init; }

    /// <summary>Those of them that count for the loss.</summary>
    public long TrainableTokens { get; init; }

    /// <summary>The longest row kept, in tokens.</summary>
    public int LongestRow { get; init; }

    /// <summary>Keys that no row of this format has a use for, with how many rows have them.</summary>
    public IReadOnlyDictionary<string, int> IgnoredKeys { get; init; } = new Dictionary<string, int>();

    /// <summary>Rows left out with what is wrong with them; empty when the first problem stops the reading.</summary>
    public IReadOnlyList<DatasetProblem> Problems { get; init; } = [];

    /// <summary>How often each kind of problem came up.</summary>
    public IReadOnlyDictionary<DatasetProblemKind, int> ProblemCounts => Problems.CountBy(problem => problem.Kind).ToDictionary();

    /// <summary>What is worth knowing though no row is wrong.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
