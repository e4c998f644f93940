namespace LamdAgent.Hosting.Steps;

/// <summary>
/// Told when a step could not be done for a reason that lies in the machine (a full disk), not in the step: the step was given back and would meet the same again.
/// A service leaves it to the retry policy; the standalone program stops and says so.
/// </summary>
public interface IEnvironmentFaults
{
    /// <summary>Takes note.</summary>
    void Report(Exception fault);
}
