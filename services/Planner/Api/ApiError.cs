namespace LamdAgent.Planner.Api;

/// <summary>Why a request was not carried out, one line.</summary>
/// <param name="Error">The line.</param>
public sealed record ApiError(string Error);
