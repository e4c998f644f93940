namespace LamdAgent.Domain.Planning;

/// <summary>What the agent was asked for.</summary>
public enum PlannerCallPurpose
{
    /// <summary>Rewrite the memory with the newest results.</summary>
    Memory,

    /// <summary>Stage one: choose an action type.</summary>
    ActionType,

    /// <summary>Stage two: choose all objects of that type.</summary>
    Objects,
}
