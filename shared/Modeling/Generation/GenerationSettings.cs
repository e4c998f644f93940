namespace LamdAgent.Modeling.Generation;

/// <summary>How continuations are chosen and when they end; names and meanings of transformers' generation config.</summary>
public sealed record GenerationSettings
{
    /// <summary>Most tokens to add. Default 256.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>Tokens that end a row; the one that did is the row's last. Empty: rows end by length only.</summary>
    public IReadOnlyCollection<int> StopIds { get; init; } = [];

    /// <summary>Asked after every token that did not end its row: the prompt's index and the row's new tokens; true ends the row as a stop token does. For stop strings. Default: none.</summary>
    public Func<int, IReadOnlyList<int>, bool>? Ends { get; init; }

    /// <summary>0 (default): the likeliest token each time. Above: sampled from softmax(logits / temperature).</summary>
    public double Temperature { get; init; }

    /// <summary>Samples among the likeliest tokens whose probabilities add up to this. Default 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Samples among this many likeliest tokens. Default 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Start of the randomness. Every row has a stream of its own, made from this and the row's number: what a row gives does not depend on the rows beside it.</summary>
    public long Seed { get; init; }

    /// <summary>Most rows computed at once. Default 16.</summary>
    public int BatchSize { get; init; } = 16;
}
