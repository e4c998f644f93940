using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Evaluation;
using LamdAgent.Evaluation.Contamination;

namespace LamdAgent.Planner.Submission;

/// <summary>
/// What a spec's <c>gates: {contamination: ...}</c> does about training rows that hold validation or test items of its tasks: <c>reject</c>, <c>warn</c> or <c>off</c>.
/// Rows that are token ids only cannot be looked into, which is a warning.
/// </summary>
public static class ContaminationGate
{
    private const int Shown = 3;

    /// <summary>All overlaps of a spec's datasets with the validation and test items of its tasks.</summary>
    /// <exception cref="InvalidInputException">A task or dataset cannot be read.</exception>
    public static IReadOnlyList<Overlap> Find(SearchSpec spec)
    {
        var index = ContaminationIndex.Of(spec.Tasks.Select(task => EvaluationTask.Load(task.Path)));
        var overlaps = new List<Overlap>();
        foreach (var dataset in spec.Datasets.Where(d => d.Format != DatasetFormats.Tokens))
        {
            var matches = index.FindInFile(dataset.Path);
            if (matches.Count > 0)
            {
                overlaps.Add(new Overlap(dataset.Id, matches.Count, [.. matches.Take(Shown).Select(m => $"line {m.Line} = {m.Item}")]));
            }
        }

        return overlaps;
    }

    /// <summary>Applies the spec's gate: throws, warns or does nothing.</summary>
    /// <returns>Warnings to be shown.</returns>
    /// <exception cref="InvalidInputException">The gate rejects and there is an overlap.</exception>
    public static IReadOnlyList<string> Apply(SearchSpec spec)
    {
        if (spec.Gates.Contamination == "off")
        {
            return [];
        }

        var overlaps = Find(spec);
        if (overlaps.Count > 0 && spec.Gates.Contamination == "reject")
        {
            var worst = overlaps[0];
            throw new InvalidInputException(
                spec.File,
                spec.Datasets.First(d => d.Id == worst.DatasetId).Line,
                $"datasets: '{worst.DatasetId}' holds {worst.Rows} evaluation items ({string.Join("; ", worst.Examples)}); take them out, or say gates: {{contamination: warn}}");
        }

        return [
            .. overlaps.Select(o => $"dataset '{o.DatasetId}' holds {o.Rows} evaluation items ({string.Join("; ", o.Examples)}); scores on them mean little"),
            .. spec.Datasets.Where(d => d.Format == DatasetFormats.Tokens).Select(d => $"dataset '{d.Id}' is token ids and could not be looked into for evaluation items"),
        ];
    }
}
