using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Standalone.Runs;

/// <summary>One model of a run with what is known about it.</summary>
/// <param name="Record">Its record.</param>
/// <param name="Folder">Where its files are.</param>
/// <param name="Evaluations">Its evaluations, validation before test.</param>
internal sealed record ModelFacts(ModelRecord Record, string Folder, IReadOnlyList<EvaluationRecord> Evaluations)
{
    /// <exception cref="InvalidInputException">The run has no such model.</exception>
    public static async Task<ModelFacts> FindAsync(RunFolder run, OpenedStore store, string id, CancellationToken cancellation)
    {
        var search = await store.GetSearchAsync(cancellation);
        var models = await store.Store.ListModelsAsync(search.Id, cancellation);
        var wanted = id switch
        {
            "base" => models.Where(model => model.StepId is null).OrderBy(model => model.Id, StringComparer.Ordinal).FirstOrDefault()?.Id,
            "best" => SearchDriver.Best(await store.GetSnapshotAsync(cancellation))?.ModelId,
            _ => id,
        };
        var record = models.FirstOrDefault(model => model.Id == wanted)
            ?? throw new InvalidInputException($"{run.DisplayPath} has no model '{id}'{Domain.Configuration.NearestWord.Hint(id, [.. models.Select(model => model.Id), "base", "best"])}");
        var evaluations = (await store.Store.ListEvaluationsAsync(search.Id, cancellation))
            .Where(evaluation => evaluation.ModelId == record.Id)
            .OrderBy(evaluation => evaluation.Split)
            .ToList();
        return new ModelFacts(record, Path.IsPathRooted(record.Artifact) ? record.Artifact : run[record.Artifact], evaluations);
    }

    /// <summary>What to say when its weights were pruned; null while they are kept.</summary>
    public string? Pruned(RunFolder run) => Record.PrunedAt is { } at
        ? string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"the weights were pruned on {at:yyyy-MM-dd}; make them again: lamd show {Record.Id} --run {run.DisplayPath} --recipe > {Record.Id}.yaml && lamd replay {Record.Id}.yaml --output DIR")
        : null;

    /// <summary>The evaluation on validation data, or null.</summary>
    public EvaluationRecord? Validation => Evaluations.FirstOrDefault(evaluation => evaluation.Split == Domain.Actions.EvaluationSplit.Validation);

    /// <summary>The evaluation on test data, or null.</summary>
    public EvaluationRecord? Test => Evaluations.FirstOrDefault(evaluation => evaluation.Split == Domain.Actions.EvaluationSplit.Test);
}
