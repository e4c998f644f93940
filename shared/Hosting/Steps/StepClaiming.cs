using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage;

namespace LamdAgent.Hosting.Steps;

/// <summary>
/// Which step a worker takes. A command is a permit to do one step of its stage; which one is decided when a worker is free, by what the store says then: a step of a search with a higher priority goes before
/// the one that the command names, and a command whose step is taken gives its permit to the most urgent step that waits. So a queue full of unimportant commands delays nothing important, and every waiting
/// step still has a command. Nothing of a paused search is taken.
/// </summary>
internal sealed class StepClaiming(IRunStore store, string worker, TimeProvider clock, TimeSpan lease)
{
    /// <summary>The answer for the step that was taken, or for the one that is named; with the search of a claimed step, where it was read on the way.</summary>
    public async Task<(ClaimAnswer Answer, SearchRecord? Search)> ClaimAsync(string searchId, string stepId, StepStage stage, CancellationToken cancellation)
    {
        var running = (await store.ListSearchesAsync(SearchStatus.Running, cancellation)).ToDictionary(search => search.Id, StringComparer.Ordinal);
        var priority = PriorityOf(searchId);
        var rests = !running.ContainsKey(searchId);
        var urgentOnes = running.Values.Any(other => other.Priority > priority);
        StepRecord? step = null;
        if ((rests || urgentOnes) && (step = await store.GetStepAsync(searchId, stepId, cancellation)) is null)
        {
            return (new ClaimAnswer(ClaimOutcome.NotFound, null, null), null); // A command that names nothing is no permit.
        }

        if (urgentOnes && await ClaimFirstAsync(stage, other => PriorityOf(other.SearchId) > priority, cancellation) is { } urgent)
        {
            return WithSearch(urgent);
        }

        var named = rests ? new ClaimAnswer(ClaimOutcome.Resting, null, step) : await ClaimOneAsync(searchId, stepId, stage, cancellation);
        return WithSearch(named.Outcome is ClaimOutcome.Claimed or ClaimOutcome.NotFound ? named : await ClaimFirstAsync(stage, _ => true, cancellation) ?? named);

        int PriorityOf(string id) => running.GetValueOrDefault(id)?.Priority ?? int.MinValue;

        (ClaimAnswer, SearchRecord?) WithSearch(ClaimAnswer answer) => (answer, answer.Claim is { } claim ? running.GetValueOrDefault(claim.SearchId) : null);
    }

    private async Task<ClaimAnswer?> ClaimFirstAsync(StepStage stage, Func<StepRecord, bool> wanted, CancellationToken cancellation)
    {
        foreach (var step in (await store.ListDueStepsAsync(stage, clock.GetUtcNow(), cancellation)).Where(wanted))
        {
            if (await ClaimOneAsync(step.SearchId, step.Id, stage, cancellation) is { Outcome: ClaimOutcome.Claimed } answer)
            {
                return answer;
            }
        }

        return null;
    }

    private Task<ClaimAnswer> ClaimOneAsync(string searchId, string stepId, StepStage stage, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        return store.ClaimStepAsync(searchId, stepId, stage, worker, now, now + lease, cancellation);
    }
}
