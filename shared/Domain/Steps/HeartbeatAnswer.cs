namespace LamdAgent.Domain.Steps;

/// <summary>What the store says to a heartbeat.</summary>
public enum HeartbeatAnswer
{
    /// <summary>The lease is prolonged.</summary>
    Continue,

    /// <summary>The claim is no longer this worker's: stop, write nothing.</summary>
    Lost,

    /// <summary>The step or its search was cancelled: stop, write nothing.</summary>
    Cancelled,
}
