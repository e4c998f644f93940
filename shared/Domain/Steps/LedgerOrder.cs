namespace LamdAgent.Domain.Steps;

/// <summary>The order of a ledger: references, search steps, test readings; each by number.</summary>
public static class LedgerOrder
{
    /// <summary>Where the steps of a role stand.</summary>
    public static int Of(StepRole role) => role switch
    {
        StepRole.Reference => 0,
        StepRole.Search => 1,
        _ => 2,
    };
}
