namespace LamdAgent.Merging;

/// <summary>What a method does when models have embeddings of different heights and the configuration has no tokenizer setting.</summary>
public enum VocabularyRule
{
    /// <summary>Cuts all to the smallest.</summary>
    CutToSmallest,

    /// <summary>Cuts all to the base's height; a model with fewer rows is refused.</summary>
    CutToBase,

    /// <summary>Refuses.</summary>
    Refuse,
}
