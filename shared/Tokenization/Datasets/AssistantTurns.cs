namespace LamdAgent.Tokenization.Datasets;

/// <summary>Which assistant turns of a conversation train.</summary>
public enum AssistantTurns
{
    /// <summary>Every one.</summary>
    All,

    /// <summary>The last one; for templates that write earlier turns differently (without their reasoning, say).</summary>
    Last,
}
