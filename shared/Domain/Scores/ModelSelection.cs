using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Scores;

/// <summary>Names the best model: highest validation score among those that lose on no task more than its limit against the base; of two equal ones the older.</summary>
public static class ModelSelection
{
    /// <summary>Holds a model against the base.</summary>
    public static ModelStanding Judge(SearchSpec spec, string modelId, ScoreSummary score, ScoreSummary baseScore)
    {
        var regressions = new List<TaskRegression>();
        foreach (var task in spec.Tasks)
        {
            if (spec.RegressionLimit(task) is not { } limit)
            {
                continue;
            }

            var loss = Of(baseScore, task.Id) - Of(score, task.Id);

            // Scores are means of few items: differences at the limit itself must not depend on rounding.
            if (loss > limit + 1e-9)
            {
                regressions.Add(new TaskRegression(task.Id, loss, limit));
            }
        }

        return new ModelStanding(modelId, score, regressions);

        static double Of(ScoreSummary summary, string task) => summary.Tasks.First(t => t.TaskId == task).Score;
    }

    /// <summary>The best of some standings, given oldest first; null when none is eligible.</summary>
    public static ModelStanding? Best(IEnumerable<ModelStanding> standings) =>
        standings.Where(s => s.IsEligible).Aggregate((ModelStanding?)null, (best, s) => best is null || s.Score.Score > best.Score.Score ? s : best);
}
