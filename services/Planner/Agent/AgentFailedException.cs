namespace LamdAgent.Planner.Agent;

/// <summary>The agent gave nothing that can be used; the step is decided otherwise.</summary>
public sealed class AgentFailedException(string message) : Exception(message);
