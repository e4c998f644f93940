using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Hosting.Steps;

/// <summary>What a worker needs to know to do one stage of a step that it has claimed.</summary>
/// <param name="Search">The search.</param>
/// <param name="Spec">Its spec, read again from the search's text.</param>
/// <param name="Step">The step as it was when claimed.</param>
/// <param name="Claim">The claim.</param>
/// <param name="Progress">Takes the progress that the next heartbeat carries.</param>
public sealed record StepWork(SearchRecord Search, SearchSpec Spec, StepRecord Step, StepClaim Claim, IProgress<StepProgress> Progress);
