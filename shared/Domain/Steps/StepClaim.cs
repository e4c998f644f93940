namespace LamdAgent.Domain.Steps;

/// <summary>A worker's right to do one stage of a step; every write of that worker carries it.</summary>
/// <param name="SearchId">The search.</param>
/// <param name="StepId">The step.</param>
/// <param name="Stage">The stage.</param>
/// <param name="Worker">Who holds it.</param>
/// <param name="FencingToken">Accepted only while the step still has this value.</param>
/// <param name="Attempt">1 for the first claim of the stage.</param>
public sealed record StepClaim(string SearchId, string StepId, StepStage Stage, string Worker, long FencingToken, int Attempt);
