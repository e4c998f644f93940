using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Scores;

/// <summary>Several task scores as one number (design 1: the sum of alpha_k * s_k), with its standard error.</summary>
/// <param name="Score">Weighted mean of the scaled task scores.</param>
/// <param name="StandardError">Its standard error; tasks are taken as independent. Null when a task has none.</param>
/// <param name="Tasks">What it was made from, in spec order.</param>
public sealed record ScoreSummary(double Score, double? StandardError, IReadOnlyList<TaskScore> Tasks)
{
    /// <summary>Aggregates: <c>sum(weight * scale * score) / sum(weight)</c>. Null when a task of the search has no score: a part is not a whole.</summary>
    public static ScoreSummary? Aggregate(IReadOnlyList<TaskReference> tasks, IReadOnlyList<TaskScore>? scores)
    {
        if (scores is null)
        {
            return null;
        }

        var weights = 0.0;
        var total = 0.0;
        double? variance = 0.0;
        var ordered = new List<TaskScore>(tasks.Count);
        foreach (var task in tasks)
        {
            var score = scores.FirstOrDefault(s => s.TaskId == task.Id);
            if (score is null)
            {
                return null;
            }

            ordered.Add(score);
            weights += task.Weight;
            total += task.Weight * task.Scale * score.Score;
            var error = task.Weight * task.Scale * score.StandardError;
            variance += error * error;
        }

        return weights > 0 ? new ScoreSummary(total / weights, variance is { } sum ? Math.Sqrt(sum) / weights : null, ordered) : null;
    }
}
