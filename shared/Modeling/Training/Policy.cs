using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>The model that is trained: all of its weights, or low-rank adapters on weights that stand still.</summary>
internal sealed class Policy : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly string _modelFolder;
    private Generator? _random;

    public Policy(TrainingRecipe recipe, string modelFolder, ModelLoading loading)
    {
        _recipe = recipe;
        _modelFolder = modelFolder;
        var loadingWeights = recipe.Lora is null ? loading : loading with { Trainable = false };
        Model = Start(loadingWeights);
        Adapters = recipe.Lora is { } lora ? Attach(lora) : null;
    }

    public CausalLanguageModel Model { get; }

    public LoraAdapters? Adapters { get; }

    public Device Device => Model.Device;

    /// <summary>The flat buffer that the optimizer moves.</summary>
    public FlatParameters Trained => Adapters?.Parameters ?? Model.Parameters;

    /// <summary>Starts the random numbers of a step: dropout and noise are functions of the seed and the step, whatever happened before.</summary>
    public void BeginStep(int step)
    {
        var seed = SeededShuffle.Mix((ulong)_recipe.Run.Seed, (ulong)step) >> 1;
        manual_seed((long)seed);
        _random?.Dispose();
        _random = new Generator(seed, Device);
    }

    /// <summary>A pass over a batch up to its output layer. With gradients enabled it is a training pass, with dropout and noise as the recipe says.</summary>
    public HeadPass Pass(TargetBatch batch, double temperature = 1)
    {
        return new HeadPass(Forward(batch.Tokens), batch, Device, temperature);
    }

    /// <summary>The same for callers who take what they need from the hidden states.</summary>
    public ModelOutput Forward(TokenBatch tokens)
    {
        if (!is_grad_enabled())
        {
            return Model.Forward(tokens);
        }

        Func<Tensor, Tensor>? noise = _recipe.Data.NeftuneNoiseAlpha is { } alpha ? x => Noisy(x, alpha, tokens.Lengths) : null;
        return Model.Forward(tokens, noise, _random, _recipe.Run.GradientCheckpointing);
    }

    /// <summary>Writes the trained model, or its adapters alone, into an existing folder.</summary>
    public void Save(string folder, DType? dtype)
    {
        if (_recipe.Lora is not { } lora)
        {
            Model.Save(folder, dtype);
            if (_recipe.Init == "random")
            {
                CheckpointWriter.CopyCompanions(_modelFolder, folder);
            }

            return;
        }

        if (!lora.Merge)
        {
            Adapters!.Save(folder, BaseName());
            CheckpointWriter.CopyCompanions(_modelFolder, folder);
            return;
        }

        // Merged into weights read anew in float32: the computing copy may be bfloat16, in which a small change would be rounded away.
        var loading = new ModelLoading { Device = CPU, Dtype = ScalarType.Float32, Trainable = false };
        using var whole = Start(loading);
        using var adapters = LoraAdapters.Attach(whole, Configuration(lora), _recipe.Run.Seed);
        using (no_grad())
        {
            adapters.Parameters.Master.copy_(Adapters!.Parameters.Master.cpu());
            adapters.Parameters.Changed();
        }

        adapters.Merge();
        whole.Save(folder, dtype);
        if (_recipe.Init == "random")
        {
            CheckpointWriter.CopyCompanions(_modelFolder, folder);
            return;
        }

        // What was learned, before it is rounded into the weights: merges of several such models add these changes.
        adapters.Save(Directory.CreateDirectory(Path.Combine(folder, CarriedAdapter.FolderName)).FullName, BaseName());
    }

    public void Dispose()
    {
        _random?.Dispose();
        Adapters?.Dispose();
        Model.Dispose();
    }

    // Which modules there are is known only now; the recipe's line was kept for this.
    private LoraAdapters Attach(LoraSettings lora)
    {
        try
        {
            return LoraAdapters.Attach(Model, Configuration(lora), _recipe.Run.Seed);
        }
        catch (InvalidInputException e) when (lora.TargetsStandAt is { } place)
        {
            Model.Dispose();
            throw new InvalidInputException(place.File, place.Line, e.Message, e);
        }
    }

    private CausalLanguageModel Start(ModelLoading loading) => (_recipe.Method == TrainingMethod.Reward, _recipe.Init == "random") switch
    {
        (false, false) => CausalLanguageModel.Load(_modelFolder, loading),
        (false, true) => CausalLanguageModel.Create(ModelConfig.Read(_modelFolder), _recipe.Run.Seed, loading),
        (true, false) => CausalLanguageModel.LoadRewardModel(_modelFolder, loading, _recipe.Run.Seed),
        (true, true) => CausalLanguageModel.CreateRewardModel(_modelFolder, _recipe.Run.Seed, loading),
    };

    // Not the path: the same training gives the same bytes wherever its model lies.
    private string BaseName() =>
        ModelManifest.Exists(_modelFolder) ? ModelManifest.Read(_modelFolder).Id : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_modelFolder)));

    // Padding-free batches have no padded length; the longest row is what a padded batch would have had.
    private Tensor Noisy(Tensor embeddings, double alpha, IReadOnlyList<int> lengths)
    {
        var unit = rand(embeddings.shape, ScalarType.Float32, embeddings.device, generator: _random).mul_(2).sub_(1);
        return NeftuneNoise.Add(embeddings, unit.to(embeddings.dtype), NeftuneNoise.Bound(alpha, lengths.Max(), embeddings.shape[^1]));
    }

    private static LoraConfiguration Configuration(LoraSettings lora) => new()
    {
        Rank = lora.Rank,
        Alpha = lora.Alpha,
        Dropout = lora.Dropout,
        TargetModules = lora.TargetModules,
        ExcludeModules = lora.ExcludeModules,
        LayersToTransform = lora.LayersToTransform,
        RankPattern = lora.RankPattern,
        AlphaPattern = lora.AlphaPattern,
        UseRslora = lora.UseRslora,
        UseDora = lora.UseDora,
    };
}
