using System.Globalization;
using System.Text;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Domain.Pipelines;

/// <summary>
/// How a model was made, from the starting models and datasets to the last action: <c>pipeline.yaml</c>. <c>lamd replay</c> runs it again, on the same inputs (then the digests must
/// agree) or on others.
/// </summary>
public sealed record PipelineRecipe
{
    private const int FormatVersion = 1;

    /// <summary>The search that it comes from.</summary>
    public required string Name { get; init; }

    /// <summary>Id of the model that the last step makes; a starting model's id when there are no steps.</summary>
    public required string Result { get; init; }

    /// <summary>Share of the training data.</summary>
    public double DataFraction { get; init; } = 1;

    /// <summary>Starting models.</summary>
    public required IReadOnlyList<PipelineInput> Models { get; init; }

    /// <summary>Datasets.</summary>
    public required IReadOnlyList<PipelineInput> Datasets { get; init; }

    /// <summary>The actions in an order in which they can be done.</summary>
    public required IReadOnlyList<PipelineStep> Steps { get; init; }

    /// <summary>The pipeline of a model of a search.</summary>
    public static PipelineRecipe For(string modelId, SearchSpec spec, SearchRecord search, IReadOnlyList<ModelRecord> models, IReadOnlyList<StepRecord> steps)
    {
        var lineage = new Lineage();
        foreach (var model in models.OrderBy(m => m.StepId is null ? 0 : 1).ThenBy(m => m.Id.Length).ThenBy(m => m.Id, StringComparer.Ordinal))
        {
            lineage.Add(model.Id, model.Parents);
        }

        var byId = models.ToDictionary(m => m.Id, StringComparer.Ordinal);
        var pipeline = lineage.Pipeline(modelId).Select(id => byId[id]).ToList();

        // A starting model stands for itself: that the spec declares a base for it takes part in no step unless a merge names that base.
        var made = pipeline.Where(m => m.Action is not null).ToList();
        var used = made.SelectMany(m => m.Action!.Models.Append(m.Action.BaseModel ?? m.Action.Models[0])).Append(modelId).ToHashSet(StringComparer.Ordinal);
        var datasets = made.SelectMany(m => m.Action!.Datasets).ToHashSet(StringComparer.Ordinal);
        return new PipelineRecipe
        {
            Name = spec.Name,
            Result = modelId,
            DataFraction = made.Count == 0 ? 1 : steps.First(s => s.Id == made[^1].StepId).DataFraction,
            Models = [.. models.Where(m => m.Action is null && used.Contains(m.Id)).Select(m => new PipelineInput(m.Id, m.Artifact, m.Digest, StartName(spec, models, m)))],
            Datasets = [.. search.Datasets.Where(d => datasets.Contains(d.Id))
                .Select(d => new PipelineInput(d.Id, d.Path, d.Digest, d.Id, spec.Datasets.First(s => s.Id == d.Id).Format))],
            Steps = [.. made.Select(m => new PipelineStep(m.Id, m.Action!, m.Seed ?? 0, m.Digest))],
        };
    }

    /// <summary>Reads a pipeline file.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="folder">The absolute folder that relative paths start from.</param>
    /// <exception cref="InvalidInputException">Something is wrong, with its line.</exception>
    public static PipelineRecipe Parse(string yaml, string file, string folder)
    {
        var root = ConfigDocument.Parse(yaml, file);
        _ = root.Required("lamd_pipeline").AsInt(FormatVersion, FormatVersion);
        var models = root.Required("models").AsSequence().Select(n => ReadInput(n.AsMapping(), folder, isDataset: false)).ToList();
        var datasets = (root.Optional("datasets")?.AsSequence() ?? Enumerable.Empty<ConfigNode>()).Select(n => ReadInput(n.AsMapping(), folder, isDataset: true)).ToList();
        var known = models.Select(m => m.Id).ToList();
        var steps = new List<PipelineStep>();
        foreach (var node in root.Optional("steps")?.AsSequence() ?? Enumerable.Empty<ConfigNode>())
        {
            steps.Add(ReadStep(node.AsMapping(), known, [.. datasets.Select(d => d.Id)]));
            known.Add(steps[^1].Output);
        }

        var recipe = new PipelineRecipe
        {
            Name = root.Required("name").AsString(),
            Result = root.Required("result").AsOneOf(known),
            DataFraction = root.Optional("data_fraction")?.AsDouble(1e-6, 1) ?? 1,
            Models = models,
            Datasets = datasets,
            Steps = steps,
        };
        root.RejectUnknownKeys();
        return recipe;
    }

    /// <summary>Writes the file that <see cref="Parse"/> reads.</summary>
    public string ToYaml()
    {
        var y = new StringBuilder();
        Line($"# How {Result} of search {Name} was made. Run it again with: lamd replay FILE");
        Line($"lamd_pipeline: {FormatVersion}");
        Line($"name: {Name}");
        Line($"result: {Result}");
        Line($"data_fraction: {DataFraction.ToString("R", CultureInfo.InvariantCulture)}");
        Line("models:");
        foreach (var model in Models)
        {
            Line($"  - {{id: {model.Id}, name: {FlowText.Scalar(model.Name, false)}, path: {FlowText.Scalar(model.Path, true)}{DigestOf(model.Digest)}}}");
        }

        Line(Datasets.Count == 0 ? "datasets: []" : "datasets:");
        foreach (var dataset in Datasets)
        {
            Line($"  - {{id: {dataset.Id}, format: {dataset.Format}, path: {FlowText.Scalar(dataset.Path, true)}{DigestOf(dataset.Digest)}}}");
        }

        Line(Steps.Count == 0 ? "steps: []" : "steps:");
        foreach (var step in Steps)
        {
            Line($"  - model: {step.Output}");
            Line($"    action: {step.Action.Type}");
            Line($"    from: [{string.Join(", ", step.Action.Models)}]");
            if (step.Action.BaseModel is not null)
            {
                Line($"    base_model: {step.Action.BaseModel}");
            }

            if (step.Action.Datasets.Count > 0)
            {
                Line($"    datasets: [{string.Join(", ", step.Action.Datasets)}]");
            }

            Line(step.Action.Parameters.Count == 0 ? "    parameters: {}" : "    parameters:");
            foreach (var (key, value) in step.Action.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                Line($"      {key}: {value}");
            }

            Line($"    seed: {step.Seed.ToString(CultureInfo.InvariantCulture)}");
            if (step.Digest is not null)
            {
                Line($"    digest: {step.Digest}");
            }
        }

        return y.ToString();

        void Line(string text) => y.Append(text).Append('\n');
        static string DigestOf(string? digest) => digest is null ? "" : $", digest: {digest}";
    }

    private static string StartName(SearchSpec spec, IReadOnlyList<ModelRecord> models, ModelRecord model)
    {
        var index = models.Where(m => m.Action is null).Select(m => m.Id).Order(StringComparer.Ordinal).ToList().IndexOf(model.Id);
        return index >= 0 && index < spec.Models.Count ? spec.Models[index].Id : model.Id;
    }

    private static PipelineInput ReadInput(ConfigMapping m, string folder, bool isDataset)
    {
        var id = SearchSpecReader.ReadId(m.Required("id"));
        var input = new PipelineInput(
            id,
            Path.GetFullPath(m.Required("path").AsString(), folder),
            m.Optional("digest")?.AsString(),
            isDataset ? id : m.Optional("name")?.AsString() ?? id,
            isDataset ? m.Required("format").AsOneOf(DatasetFormats.All) : null);
        m.RejectUnknownKeys();
        return input;
    }

    private static PipelineStep ReadStep(ConfigMapping m, IReadOnlyCollection<string> models, IReadOnlyCollection<string> datasets)
    {
        var type = m.Required("action").AsOneOf([.. TrainingActionType.All.Select(t => t.Name), .. MergeActionType.All.Select(t => t.Name)]);
        var output = m.Required("model");
        if (models.Contains(output.AsString()))
        {
            throw output.Error($"the id '{output.AsString()}' is there twice");
        }

        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, _, value) in m.Optional("parameters")?.AsMapping().Entries ?? [])
        {
            parameters[key] = FlowText.Write(value);
        }

        var step = new PipelineStep(
            SearchSpecReader.ReadId(output),
            new PipelineAction
            {
                Type = type,
                Kind = TrainingActionType.Find(type) is null ? ActionKind.Merge : ActionKind.Train,
                Models = [.. m.Required("from").AsSequence().Select(n => n.AsOneOf(models))],
                BaseModel = m.Optional("base_model")?.AsOneOf(models),
                Datasets = [.. (m.Optional("datasets")?.AsSequence() ?? Enumerable.Empty<ConfigNode>()).Select(n => n.AsOneOf(datasets))],
                Parameters = parameters,
            },
            m.Required("seed").AsLong(0),
            m.Optional("digest")?.AsString());
        m.RejectUnknownKeys();
        if (step.Action.Kind == ActionKind.Train && (step.Action.Models.Count != 1 || step.Action.Datasets.Count == 0))
        {
            throw m.Error($"{type} takes one model and at least one dataset");
        }

        return step.Action.Kind != ActionKind.Merge || step.Action.Models.Count >= 2 ? step : throw m.Error($"{type} takes at least two models");
    }
}
