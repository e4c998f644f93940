namespace LamdAgent.Domain.Steps;

/// <summary>The cases of <see cref="ClaimAnswer"/>.</summary>
public enum ClaimOutcome
{
    /// <summary>Work may begin.</summary>
    Claimed,

    /// <summary>Another worker's lease is live: step aside.</summary>
    Held,

    /// <summary>The stage is done, or the step has ended: the command is a late duplicate.</summary>
    AlreadyDone,

    /// <summary>No such step.</summary>
    NotFound,

    /// <summary>The step's search is paused, or over: nothing of it begins. When it goes on, the planner sends a new command.</summary>
    Resting,
}
