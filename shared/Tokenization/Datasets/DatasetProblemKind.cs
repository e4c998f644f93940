namespace LamdAgent.Tokenization.Datasets;

/// <summary>What can be wrong with a row.</summary>
public enum DatasetProblemKind
{
    /// <summary>The line is not JSON, or not an object.</summary>
    NotJson,

    /// <summary>A key is missing or has a value of the wrong kind.</summary>
    BadField,

    /// <summary>The chat template failed on the row.</summary>
    TemplateFailed,

    /// <summary>The template does not write the conversation so that the assistant's turns can be told from the rest.</summary>
    TurnsNotFound,

    /// <summary>No token of the row would train.</summary>
    TrainsNothing,

    /// <summary>The text that trains does not end with an end token: a model trained on it would not stop.</summary>
    NoEndToken,

    /// <summary>The row begins with two beginning tokens.</summary>
    DoubledBos,

    /// <summary>The row has more tokens than fit.</summary>
    TooLong,

    /// <summary>A token id that the tokenizer does not have.</summary>
    UnknownToken,
}
