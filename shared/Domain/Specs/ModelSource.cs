namespace LamdAgent.Domain.Specs;

/// <summary>A model that the search starts from.</summary>
public sealed record ModelSource
{
    /// <summary>The person's name for it; the agent sees a neutral id instead.</summary>
    public required string Id { get; init; }

    /// <summary>Absolute path of a Hugging Face folder.</summary>
    public required string Path { get; init; }

    /// <summary>Id of the starting model that this one descends from, so that task vectors between the two make sense; null when it stands for itself.</summary>
    public string? Base { get; init; }

    /// <summary>Line in the spec.</summary>
    public int Line { get; init; }
}
