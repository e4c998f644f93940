using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Planner.Submission;

/// <summary>A search that was checked and can be put into a store.</summary>
/// <param name="Search">The search.</param>
/// <param name="Spec">Its spec, overrides applied.</param>
/// <param name="StartModels">The models it starts from.</param>
/// <param name="Warnings">What the person should know before it runs, a sentence each.</param>
public sealed record PreparedSearch(SearchRecord Search, SearchSpec Spec, IReadOnlyList<ModelRecord> StartModels, IReadOnlyList<string> Warnings);
