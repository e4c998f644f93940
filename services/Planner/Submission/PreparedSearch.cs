using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Estimates;

namespace LamdAgent.Planner.Submission;

/// <summary>A search that was checked and can be put into a store.</summary>
/// <param name="Search">The search.</param>
/// <param name="Spec">Its spec, overrides applied.</param>
/// <param name="StartModels">The models it starts from.</param>
/// <param name="Estimate">What it would take.</param>
/// <param name="Warnings">What the person should know before it runs, a sentence each.</param>
public sealed record PreparedSearch(
    SearchRecord Search, SearchSpec Spec, IReadOnlyList<ModelRecord> StartModels, SearchEstimate Estimate, IReadOnlyList<string> Warnings)
{
    /// <summary>Refuses what the estimate says cannot fit; a dry run shows it instead.</summary>
    /// <exception cref="InvalidInputException">It cannot fit.</exception>
    public void RequireFit()
    {
        if (Estimate.Problems is [var problem, ..])
        {
            throw new InvalidInputException(Spec.File, null, problem);
        }
    }
}
