namespace LamdAgent.Domain.Planning;

/// <summary>A chat message.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record PlannerMessage(string Role, string Content);
