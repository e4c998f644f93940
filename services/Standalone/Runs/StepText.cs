using System.Globalization;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Standalone.Runs;

/// <summary>Steps, scores and times in words.</summary>
internal static class StepText
{
    /// <summary><c>3/8</c> for a search step; <c>reference</c> and <c>test</c> for the others.</summary>
    public static string Position(StepRecord step, int steps) => step.Role switch
    {
        StepRole.Search => string.Create(CultureInfo.InvariantCulture, $"{step.Number}/{steps}"),
        StepRole.Reference => "reference",
        _ => "test",
    };

    /// <summary>The action with the hyper-parameters that the spec leaves open: <c>m-0003 = sft(m-0001, tools; learning_rate=1e-3)</c>.</summary>
    public static string Action(StepRecord step, SearchSpec spec)
    {
        if (step.Action.Kind == Domain.Actions.ActionKind.Evaluate)
        {
            return $"{step.ModelId} is scored";
        }

        var objects = string.Join(", ", step.Action.Models.Concat(step.Action.Datasets));
        var varied = spec.Actions.FirstOrDefault(action => action.Type == step.Action.Type)?.ParameterSets.SelectMany(set => set.Varied).ToHashSet(StringComparer.Ordinal);
        var open = step.Action.Parameters.Where(p => varied?.Contains(p.Key) == true).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}").ToList();
        return $"{step.ModelId} = {step.Action.Type}({objects}{(open.Count == 0 ? "" : "; " + string.Join(", ", open))})";
    }

    public static string Score(ScoreSummary score) => ScoreText.Of(score.Score, score.StandardError);

    public static string Time(TimeSpan time) =>
        time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes:00}m")
        : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}m{time.Seconds:00}s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F0}s");
}
