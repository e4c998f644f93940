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
    private TokenAlignment? _tokens;
    private string? _chatTemplate;

    /// <summary>Opens every model that a configuration names.</summary>
    /// <exception cref="InvalidInputException">One cannot be opened.</exception>
    public static MergeInputs Open(MergeConfig config, Func<string, string> resolve)
    {
        var inputs = new MergeInputs();
        try
        {
            foreach (var reference in (config with { Stages = [] }).ModelReferences)
            {
                inputs.Add(reference, config, resolve);
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
        return MergePlanner.Plan(config, _models, _tokens, config.Seed);
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
            TokenizerFiles.AddTokens(folder, _tokens);
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
        : options.DigestInputs ? ModelManifest.DigestOf(ContentDigest.OfFolder(model.Folder))
        : null;

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
