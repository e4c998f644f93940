using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Sources;
using LamdAgent.Merging.Vocabularies;

namespace LamdAgent.Merging.Planning;

/// <summary>The models of a merge, open, and what goes into the output beside weights.</summary>
internal sealed class MergeInputs : IDisposable
{
    private readonly Dictionary<ModelReference, InputModel> _models = [];
    private readonly List<InputModel> _open = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, string> _digests = new(StringComparer.Ordinal);
    private readonly Func<string, string?> _knownDigest;
    private TokenAlignment? _tokens;
    private string? _chatTemplate;

    private MergeInputs(Func<string, string?> knownDigest) => _knownDigest = knownDigest;

    /// <summary>Opens every model that a configuration names.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="resolve">Finds folders.</param>
    /// <param name="knownDigest">Digests of models by name that the caller knows.</param>
    /// <param name="ignoreLineage">Whether to take differences to a base from which a model does not descend.</param>
    /// <exception cref="InvalidInputException">One cannot be opened, or does not descend from the base that its differences are to be taken to.</exception>
    public static MergeInputs Open(MergeConfig config, Func<string, string> resolve, Func<string, string?>? knownDigest = null, bool ignoreLineage = false)
    {
        var inputs = new MergeInputs(knownDigest ?? (_ => null));
        try
        {
            foreach (var reference in (config with { Stages = [] }).ModelReferences)
            {
                inputs.Add(reference, config, resolve);
            }

            if (config.BaseModel is { } baseModel && MergeMethodCatalogue.Find(config.Method) is { UsesTaskVectors: true })
            {
                inputs.RelateTo(inputs._models[baseModel], ignoreLineage);
            }

            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    /// <summary>Plans the merge of these models.</summary>
    public MergePlan Plan(MergeConfig config)
    {
        _tokens = TokenAlignment.Create(config, _models);
        _chatTemplate = config.ChatTemplate is null ? null : ChatTemplates.Resolve(config.ChatTemplate, _models.Values.Select(m => m.Folder));
        var plan = MergePlanner.Plan(config, _models, _tokens, config.Seed);
        return plan with { Warnings = [.. _notes, .. _tokens?.Notes ?? [], .. plan.Warnings] };
    }

    /// <summary>Writes config.json and copies tokenizer and other files.</summary>
    public void WriteCompanions(MergePlan plan, string folder)
    {
        if (_tokens is null)
        {
            plan.Config.Write(folder);
            CheckpointWriter.CopyCompanions(plan.Donor.Folder, folder);
        }
        else
        {
            var donor = _models[_tokens.Donor];
            plan.Config.WithTokenIdsOf(donor.Config).Write(folder);
            CheckpointWriter.CopyCompanions(donor.Folder, folder);
            TokenizerFiles.Fit(folder, _tokens);
        }

        if (_chatTemplate is not null)
        {
            TokenizerFiles.SetChatTemplate(folder, _chatTemplate);
        }
    }

    /// <summary>The output's lamd.json.</summary>
    public ModelManifest Describe(MergeConfig config, MergeOptions options, MergePlan plan, SortedDictionary<string, string> files) => new()
    {
        Id = options.Id ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output))),
        Action = config.Method,
        Parameters = config.ToJson(),
        Parents = [.. _models.Select(m => new ModelParent(m.Value.Manifest?.Id ?? m.Key.ToString(), Digest(m.Value, options)))],
        Base = options.Base ?? plan.Donor.Manifest?.Base ?? config.BaseModel?.ToString(),
        Seed = MergeMethodCatalogue.Find(config.Method)!.IsRandom ? config.Seed : null,
        Files = files,
    };

    /// <inheritdoc />
    public void Dispose() => _open.ForEach(m => m.Dispose());

    private static string? Digest(InputModel model, MergeOptions options) =>
        model.Manifest is { Files.Count: > 0 } manifest ? manifest.Digest
        : options.DigestInputs && model.Reference.Adapter is null ? ModelManifest.DigestOfFolder(model.Folder)
        : null;

    private string DigestOf(InputModel model)
    {
        if (!_digests.TryGetValue(model.Folder, out var digest))
        {
            digest = (model.Reference.Adapter is null ? _knownDigest(model.Reference.Path) : null)
                ?? (model.Manifest is { Files.Count: > 0 } manifest ? manifest.Digest : ModelManifest.DigestOfFolder(model.Folder));
            _digests.Add(model.Folder, digest);
        }

        return digest;
    }

    // Task vectors make sense only against an ancestor. Where that is the model which a carried adapter was trained on, the adapter is the task vector.
    private void RelateTo(InputModel baseModel, bool ignoreLineage)
    {
        if (KnownLineage.FindStranger(baseModel, [.. _models.Values], DigestOf) is { } stranger)
        {
            _notes.Add(ignoreLineage ? $"lineage ignored: {stranger}" : throw new InvalidInputException(stranger));
        }

        foreach (var (reference, model) in _models.Where(m => m.Value != baseModel && m.Key.Adapter is null && baseModel.Reference.Adapter is null).ToList())
        {
            if (KnownLineage.IsAdapterOf(model, baseModel, DigestOf))
            {
                var adapted = InputModel.Open(reference, baseModel.Folder, CarriedAdapter.Find(model.Folder), model.Manifest);
                _open.Add(adapted);
                _models[reference] = adapted;
                _notes.Add($"{reference}: its change is taken from the adapter that it carries, before rounding");
            }
        }
    }

    private void Add(ModelReference reference, MergeConfig config, Func<string, string> resolve)
    {
        var folder = resolve(reference.Path);
        var adapter = reference.Adapter is null ? null : resolve(reference.Adapter);
        if (adapter is null && LoraAdapter.IsAdapter(folder) && !File.Exists(Path.Combine(folder, ModelConfig.FileName)))
        {
            // An adapter by itself stands for its base with the adapter on it.
            adapter = folder;
            folder = config.BaseModel is { } baseModel && baseModel != reference
                ? resolve(baseModel.Path)
                : resolve(LoraAdapter.BaseModelOf(folder) ?? throw new InvalidInputException(reference.Path, null, "an adapter needs its model: write model+adapter, or give base_model"));
        }

        var model = InputModel.Open(reference, folder, adapter);
        _open.Add(model);
        _models[reference] = model;
    }
}
