namespace LamdAgent.Samples.ToolUse;

/// <summary>Which part of the data a made-up word may appear in. Every word belongs to one part only.</summary>
public enum DataSplit
{
    /// <summary>Pre-training text and training sets.</summary>
    Train,

    /// <summary>Items whose scores steer the search.</summary>
    Validation,

    /// <summary>Items read once, at the end.</summary>
    Test,
}
