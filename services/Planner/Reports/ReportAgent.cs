namespace LamdAgent.Planner.Reports;

/// <summary>What the agent used.</summary>
/// <param name="Model">Model or deployment.</param>
/// <param name="Calls">Calls.</param>
/// <param name="Tokens">Prompt and completion tokens.</param>
/// <param name="FallbackSteps">Steps that were decided at random because the agent gave no action.</param>
public sealed record ReportAgent(string Model, int Calls, long Tokens, int FallbackSteps);
