using System.Text.Json;

namespace LamdAgent.Evaluation;

/// <summary>
/// Judges answers. A grader is a pure function of item and response: no clock, no randomness, no model. What it cannot judge is an error
/// (<see cref="Domain.InvalidInputException"/>), never a mark.
/// </summary>
public interface IGrader
{
    /// <summary>Its name in task files and on the command line.</summary>
    string Name { get; }

    /// <summary>The metrics it yields, the main one first; empty for graders that only check a calculation and cannot carry a task.</summary>
    IReadOnlyList<string> Metrics { get; }

    /// <summary>Whether a larger value of the main metric is better; true unless the grader says otherwise.</summary>
    bool HigherIsBetter => true;

    /// <summary>Judges one answer.</summary>
    /// <param name="item">The row of the data set.</param>
    /// <param name="response">The answer: a string, or for log-likelihood graders an object.</param>
    Verdict Grade(JsonElement item, JsonElement response);

    /// <summary>The metrics over a data set; by default the mean of each verdict's metrics with the closed-form standard error.</summary>
    IReadOnlyDictionary<string, MetricValue> Aggregate(IReadOnlyList<GradedItem> items) => MetricMeans.Of(Metrics, items);
}
