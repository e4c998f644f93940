using System.Globalization;
using System.Text.RegularExpressions;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Evaluation;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;
using LamdAgent.Tokenization;

namespace LamdAgent.Planner.Submission;

/// <summary>
/// From a spec to a search in the store, the same for <c>lamd run</c> and the planner's HTTP API: checks that everything it names is there and can be used (every dataset row, every task, every header of a
/// model), that no evaluation item is trained on and that the work fits, and notes the digests of what it starts from.
/// </summary>
public static partial class SearchSubmission
{
    /// <summary>Reads and checks a spec file.</summary>
    /// <param name="specFile">Path of the spec.</param>
    /// <param name="searchId">Id of the new search; null: the spec's name and the time.</param>
    /// <param name="overrides">Values of the command line.</param>
    /// <param name="clock">For the time of creation.</param>
    /// <param name="environment">Reads an environment variable where the planner will run in this process: then the agent's key must be there now. Null: another process plans.</param>
    /// <param name="machine">What the search may use; null: unknown.</param>
    /// <exception cref="InvalidInputException">The spec is wrong or names what is not there.</exception>
    public static PreparedSearch Prepare(string specFile, string? searchId, SearchOverrides overrides, TimeProvider clock, Func<string, string?>? environment = null, MachineResources? machine = null)
    {
        if (!File.Exists(specFile))
        {
            throw new InvalidInputException(specFile, null, "no such file");
        }

        return PrepareText(File.ReadAllText(specFile), specFile, Path.GetDirectoryName(Path.GetFullPath(specFile))!, searchId, overrides, clock, _ => { }, environment, machine ?? MachineResources.Unknown);
    }

    /// <summary>Checks a spec that is not a file.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="specFile">What to call it.</param>
    /// <param name="folder">The absolute folder that its relative paths start from.</param>
    /// <param name="searchId">Id of the new search; null: the spec's name and the time.</param>
    /// <param name="overrides">Values of the command line.</param>
    /// <param name="clock">For the time of creation.</param>
    /// <param name="inspect">Throws when the caller may not use such a spec; called before any file is touched.</param>
    /// <param name="environment">As for <see cref="Prepare"/>.</param>
    /// <param name="machine">What the search may use.</param>
    /// <exception cref="InvalidInputException">The spec is wrong or names what is not there.</exception>
    public static PreparedSearch PrepareText(
        string yaml, string specFile, string folder, string? searchId, SearchOverrides overrides, TimeProvider clock, Action<SearchSpec> inspect, Func<string, string?>? environment,
        MachineResources machine)
    {
        if (searchId is not null && !IdPattern().IsMatch(searchId))
        {
            throw new InvalidInputException($"'{searchId}' cannot be the id of a search; use lower-case letters, digits and '-', at most 80, starting with a letter or digit");
        }

        var now = clock.GetUtcNow();
        var spec = Override(SearchSpecReader.Parse(yaml, specFile, folder), overrides);
        inspect(spec);
        if (environment is not null && spec.Planner is { Strategy: "llm", Llm.ApiKeyVariable: { } variable } && string.IsNullOrEmpty(environment(variable)))
        {
            throw new InvalidInputException(spec.File, null, $"planner.llm.api_key names the environment variable {variable}, which is not set");
        }

        foreach (var dataset in spec.Datasets)
        {
            RequireFile(spec, dataset.Line, "datasets", dataset.Id, dataset.Path);
        }

        foreach (var task in spec.Tasks)
        {
            CheckTask(spec, task);
        }

        foreach (var model in spec.Models)
        {
            CheckModel(spec, model);
        }

        DatasetChecks.Check(spec);
        var warnings = ContaminationGate.Apply(spec);
        var id = searchId ?? string.Create(CultureInfo.InvariantCulture, $"{spec.Name}-{now:yyyyMMdd-HHmmss}");
        var search = new SearchRecord
        {
            Id = id,
            SpecYaml = yaml,
            SpecFile = specFile,
            SpecFolder = folder,
            Overrides = overrides,
            Datasets = [.. spec.Datasets.Select(d => new DatasetInput(d.Id, d.Path, ContentDigest.OfFile(d.Path), new FileInfo(d.Path).Length))],
            CreatedAt = now,
        };
        var models = StartModels(spec, id, now);
        return new PreparedSearch(search, spec, models, SearchEstimator.Estimate(spec, search, models, machine), warnings);
    }

    /// <summary>Puts a prepared search into a store, models first: a planner that sees the search sees its models.</summary>
    /// <exception cref="InvalidInputException">It cannot fit, or the id is taken.</exception>
    public static async Task SubmitAsync(PreparedSearch prepared, IRunStore store, CancellationToken cancellation)
    {
        prepared.RequireFit();
        if (await store.GetSearchAsync(prepared.Search.Id, cancellation) is not null)
        {
            throw new InvalidInputException($"a search with the id {prepared.Search.Id} exists already; continue it with: lamd resume {prepared.Search.Id}");
        }

        foreach (var model in prepared.StartModels)
        {
            await store.InsertModelAsync(model, cancellation);
        }

        if (!await store.CreateSearchAsync(prepared.Search, cancellation))
        {
            throw new InvalidInputException($"a search with the id {prepared.Search.Id} was made at the same moment; choose another id");
        }
    }

    private static SearchSpec Override(SearchSpec spec, SearchOverrides overrides)
    {
        if (overrides.Strategy is { } strategy && !PlannerSpec.Strategies.Contains(strategy))
        {
            throw new InvalidInputException($"unknown strategy '{strategy}'{NearestWord.Hint(strategy, PlannerSpec.Strategies)}");
        }

        if (overrides.Steps is < 1)
        {
            throw new InvalidInputException("the number of steps must be at least 1");
        }

        var changed = SearchSnapshot.ApplyOverrides(spec, overrides);
        return changed.Planner.Strategy != "llm" || changed.Planner.Llm is not null
            ? changed
            : throw new InvalidInputException(spec.File, null, "strategy llm needs planner.llm with endpoint and model");
    }

    private static List<ModelRecord> StartModels(SearchSpec spec, string searchId, DateTimeOffset now)
    {
        var ids = spec.Models.Select((m, i) => (m.Id, Neutral: ModelId.Format(i + 1))).ToDictionary(m => m.Id, m => m.Neutral, StringComparer.Ordinal);
        return [.. spec.Models.Select(m => new ModelRecord
        {
            SearchId = searchId,
            Id = ids[m.Id],
            Parents = m.Base is null ? [] : [ids[m.Base]],
            Digest = ModelManifest.DigestOf(ContentDigest.OfFolder(m.Path)),
            Artifact = m.Path,
            Bytes = new DirectoryInfo(m.Path).EnumerateFiles().Sum(f => f.Length),
            CreatedAt = now,
        })];
    }

    private static void CheckTask(SearchSpec spec, TaskReference reference)
    {
        RequireFile(spec, reference.Line, "tasks", reference.Id, reference.Path);
        var task = EvaluationTask.Load(reference.Path);
        foreach (var split in new[] { EvaluationSplit.Validation, EvaluationSplit.Test })
        {
            if (!task.Has(split))
            {
                throw new InvalidInputException(spec.File, reference.Line, $"tasks: '{reference.Id}' has no {split.ToString().ToLowerInvariant()} data ({reference.Path}); a search steers by validation and reads the test at its end");
            }
        }
    }

    /// <summary>Reads headers only: a file cut short, a header that lies and a tokenizer that does not fit are found before the first step.</summary>
    private static void CheckModel(SearchSpec spec, ModelSource model)
    {
        if (!File.Exists(Path.Combine(model.Path, ModelConfig.FileName)))
        {
            throw new InvalidInputException(spec.File, model.Line, Directory.Exists(model.Path)
                ? $"models: '{model.Id}' is not a Hugging Face folder: {model.Path} has no {ModelConfig.FileName}"
                : $"models: the folder of '{model.Id}' does not exist: {model.Path}");
        }

        using var checkpoint = Checkpoint.Open(model.Path);
        if (checkpoint.Config.SequenceLabels is not null)
        {
            throw new InvalidInputException(
                spec.File, model.Line, $"models: '{model.Id}' scores texts instead of writing them ({model.Path}), so it cannot be a candidate; give a reward model to grpo or rloo as reward_model");
        }

        if (File.Exists(Path.Combine(model.Path, "tokenizer.json")))
        {
            Tokenizer.Load(model.Path).EnsureFits(checkpoint.Config.VocabSize, model.Id);
        }
    }

    private static void RequireFile(SearchSpec spec, int line, string kind, string id, string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidInputException(spec.File, line, $"{kind}: the file of '{id}' does not exist: {path}");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,79}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex IdPattern();
}
