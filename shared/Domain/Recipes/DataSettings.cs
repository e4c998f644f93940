using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>What is read and how rows become batches; names and defaults of TRL's <c>SFTConfig</c> unless said otherwise.</summary>
public sealed record DataSettings
{
    private const int Unlimited = 1 << 24;

    /// <summary>Training rows: <c>dataset: rows.jsonl</c>, a mapping (path, format, fraction) or a list of those, read one after the other.</summary>
    public IReadOnlyList<DatasetReference> Train { get; init; } = [];

    /// <summary>Rows for the evaluation loss, key <c>eval_dataset</c>. Default none.</summary>
    public IReadOnlyList<DatasetReference> Eval { get; init; } = [];

    /// <summary>Longest row in tokens; longer ones are cut by <see cref="TruncationMode"/>. Default 1024; null: no limit.</summary>
    public int MaxLength { get; init; } = 1024;

    /// <summary>Which end of a long row stays: <c>keep_start</c> (default) or <c>keep_end</c>.</summary>
    public string TruncationMode { get; init; } = "keep_start";

    /// <summary>
    /// What happens to rows whose answer would be cut by <see cref="MaxLength"/>: <c>error</c> (default, ours: an answer without its end teaches
    /// never to stop), <c>drop</c>, or <c>truncate</c> (TRL's behaviour). Plain text (cpt) is always truncated.
    /// </summary>
    public string OverlongRows { get; init; } = "error";

    /// <summary>Loss on the completion only; null: yes for rows that have a prompt and a completion (TRL).</summary>
    public bool? CompletionOnlyLoss { get; init; }

    /// <summary>Loss on assistant turns only, for rows with messages. Default true (TRL: false, which trains the model to write the user's part too).</summary>
    public bool AssistantOnlyLoss { get; init; } = true;

    /// <summary>
    /// Which of the assistant's turns train, for rows with messages: <c>all</c> (default) or <c>last</c>, for chat templates that write earlier turns
    /// differently once more follow (without their reasoning, say). Ours: TRL has no such setting.
    /// </summary>
    public string AssistantTurns { get; init; } = "all";

    /// <summary>Several rows in one sequence, without attention across them. Default false.</summary>
    public bool Packing { get; init; }

    /// <summary><c>bfd</c> (default), <c>bfd_split</c> or <c>wrapped</c>.</summary>
    public string PackingStrategy { get; init; } = "bfd";

    /// <summary>Rows of a micro-batch are laid one after the other instead of padded. Same numbers, no padding computed. Default true (TRL: false unless packing).</summary>
    public bool PaddingFree { get; init; } = true;

    /// <summary>Draws rows of similar length into one micro-batch; less padding, another order. Default false (transformers' <c>group_by_length</c>).</summary>
    public bool GroupByLength { get; init; }

    /// <summary>New row order in each pass, by the seed. Default true.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Adds NEFTune noise of this size to the embeddings in training, key <c>neftune_noise_alpha</c>. Default none.</summary>
    public double? NeftuneNoiseAlpha { get; init; }

    internal static DataSettings Read(RecipeReader r)
    {
        var d = new DataSettings();
        if (r.IsNull("max_length") && r.Bool("packing", false))
        {
            throw r.Error("packing", "packing fills sequences of max_length, so that cannot be null");
        }

        return new DataSettings
        {
            Train = ReadDatasets(r.Optional("dataset"), r.Text("dataset_format")),
            Eval = ReadDatasets(r.Optional("eval_dataset"), r.Text("eval_dataset_format")),
            MaxLength = r.Int("max_length", r.IsNull("max_length") ? Unlimited : d.MaxLength, 2, Unlimited),
            TruncationMode = r.OneOf("truncation_mode", d.TruncationMode, ["keep_start", "keep_end"]),
            OverlongRows = r.OneOf("overlong_rows", d.OverlongRows, ["error", "drop", "truncate"]),
            CompletionOnlyLoss = r.Optional("completion_only_loss")?.AsBool(),
            AssistantOnlyLoss = r.Bool("assistant_only_loss", d.AssistantOnlyLoss),
            AssistantTurns = r.OneOf("assistant_turns", d.AssistantTurns, ["all", "last"]),
            Packing = r.Bool("packing", d.Packing),
            PackingStrategy = r.OneOf("packing_strategy", d.PackingStrategy, ["bfd", "bfd_split", "wrapped"]),
            PaddingFree = r.Bool("padding_free", d.PaddingFree),
            GroupByLength = r.Bool("group_by_length", d.GroupByLength),
            Shuffle = r.Bool("shuffle", d.Shuffle),
            NeftuneNoiseAlpha = r.OptionalDouble("neftune_noise_alpha", 0, 1000),
        };
    }

    private static IReadOnlyList<DatasetReference> ReadDatasets(ConfigNode? node, string? format) => node switch
    {
        null => [],
        ConfigSequence list => [.. list.Select(item => ReadDataset(item, format))],
        _ => [ReadDataset(node, format)],
    };

    private static DatasetReference ReadDataset(ConfigNode node, string? format)
    {
        if (node is ConfigScalar scalar)
        {
            return new DatasetReference(scalar.Text, format);
        }

        var m = node.AsMapping();
        var reference = new DatasetReference(
            m.Required("path").AsString(),
            m.Optional("format")?.AsString() ?? format,
            m.Optional("fraction")?.AsDouble(1e-9, 1) ?? 1);
        m.RejectUnknownKeys();
        return reference;
    }
}
