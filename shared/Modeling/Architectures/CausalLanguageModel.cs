using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// A decoder-only language model with its weights: load, compute, save. Computing takes part in autograd when its parameters are trainable and gradients are
/// enabled. Tensors that methods return belong to the caller's <c>DisposeScope</c>. One thread at a time.
/// </summary>
public sealed class CausalLanguageModel : IDisposable
{
    private readonly Decoder decoder;
    private readonly StoredParameters stored;
    private readonly string? source;

    private CausalLanguageModel(ModelConfig config, DecoderSpec spec, Decoder decoder, StoredParameters stored, ModelLoading loading, string? source)
    {
        Config = config;
        Spec = spec;
        Device = loading.Device;
        Fused = loading.Fused;
        this.decoder = decoder;
        this.stored = stored;
        this.source = source;
        Parameters = new FlatParameters(decoder.Layout, loading.Trainable ? ScalarType.Float32 : loading.ComputeDtype, loading.ComputeDtype, loading.Device);
    }

    /// <summary>The config.json it came with.</summary>
    public ModelConfig Config { get; }

    /// <summary>What it is made of.</summary>
    public DecoderSpec Spec { get; }

    /// <summary>Where it computes.</summary>
    public Device Device { get; }

    /// <summary>What it computes in.</summary>
    public ScalarType Dtype => Parameters.ComputeDtype;

    /// <summary>Its weights.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Low-rank adapters that change what it computes, or null. Attached by <see cref="LoraAdapters"/>; they are not saved with the model unless merged.</summary>
    public LoraAdapters? Adapters { get; internal set; }

    internal bool Fused { get; }

    internal Decoder Decoder => decoder;

    /// <summary>Loads a model folder.</summary>
    /// <exception cref="InvalidInputException">It is not a model that can be loaded; the message says why.</exception>
    public static CausalLanguageModel Load(string folder, ModelLoading? loading = null)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return Load(checkpoint, loading);
    }

    /// <summary>Loads an open checkpoint, which is not needed afterwards.</summary>
    /// <exception cref="InvalidInputException">It is not a model that can be loaded; the message says why.</exception>
    public static CausalLanguageModel Load(Checkpoint checkpoint, ModelLoading? loading = null)
    {
        loading ??= new ModelLoading();
        var spec = DecoderFamilies.Describe(checkpoint.Config);
        return spec.HasScoreHead
            ? throw new InvalidInputException(checkpoint.Folder, null, "is a reward model: it scores answers and cannot write or continue text; name it as reward_model, or ask it with lamd reward")
            : Assemble(checkpoint, checkpoint.Config, spec, loading);
    }

    /// <summary>
    /// Loads a reward model, or makes one from a language model: its output layer is left behind and a score head is drawn by the seed, as transformers does for
    /// <c>AutoModelForSequenceClassification</c> with one label. Use it through <see cref="Scoring.RewardScorer"/>.
    /// </summary>
    /// <param name="folder">A reward model, or a language model when <paramref name="newHeadSeed"/> is given.</param>
    /// <param name="loading">How.</param>
    /// <param name="newHeadSeed">Seed of a new head for language models; null refuses them.</param>
    /// <exception cref="InvalidInputException">It is not a model that can be loaded, or has no score head; the message says why.</exception>
    public static CausalLanguageModel LoadRewardModel(string folder, ModelLoading loading, long? newHeadSeed = null)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var spec = DecoderFamilies.Describe(checkpoint.Config);
        if (spec.HasScoreHead)
        {
            return Assemble(checkpoint, checkpoint.Config, spec, loading);
        }

        if (newHeadSeed is not { } seed)
        {
            throw new InvalidInputException(folder, null, "is a language model, not a reward model; train one from it with method: reward");
        }

        var model = Assemble(checkpoint, RewardConfig(checkpoint.Config, folder), spec.WithScoreHead(), loading);
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed, CPU);
        model.Draw(model.Parameters.Piece(Decoder.ScoreName), generator);
        return model;
    }

    /// <summary>
    /// A model with new weights, as transformers starts them: normal with <c>initializer_range</c>, biases and the padding token's embedding 0, norms neutral, GPT-2's residual projections smaller by the root of
    /// twice the layers. The same seed gives the same weights on every device.
    /// </summary>
    /// <exception cref="InvalidInputException">The config is not supported.</exception>
    public static CausalLanguageModel Create(ModelConfig config, long seed, ModelLoading? loading = null) => Create(config, DecoderFamilies.Describe(config), seed, loading ?? new ModelLoading());

    /// <summary>A reward model with new weights, for the config and tokenizer of a folder.</summary>
    /// <exception cref="InvalidInputException">The config is not supported.</exception>
    public static CausalLanguageModel CreateRewardModel(string folder, long seed, ModelLoading loading)
    {
        var config = ModelConfig.Read(folder);
        return Create(RewardConfig(config, folder), DecoderFamilies.Describe(config).WithScoreHead(), seed, loading);
    }

    private static CausalLanguageModel Create(ModelConfig config, DecoderSpec spec, long seed, ModelLoading loading)
    {
        var assembled = new Decoder(spec);
        TorchRuntime.Initialize();
        var model = new CausalLanguageModel(config, spec, assembled, StoredParameters.Usual(assembled.Layout, config.DType), loading, null);
        model.Fill(seed);
        model.Parameters.Trainable = loading.Trainable;
        return model;
    }

    /// <summary>Computes hidden states; the caller takes logits where it needs them.</summary>
    /// <param name="batch">Sequences without padding.</param>
    /// <param name="onEmbedding">Changes the embedding, [N, D], before the first layer (NEFTune); null: left as it is.</param>
    /// <param name="dropout">Source of the adapters' dropout, on the model's device; null: no dropout. Seeded anew for each pass it makes a training that can be resumed exactly.</param>
    /// <param name="recompute">Whether layers keep their inputs only and are computed again in the backward pass: a third more time, far less memory.</param>
    public ModelOutput Forward(TokenBatch batch, Func<Tensor, Tensor>? onEmbedding = null, Generator? dropout = null, bool recompute = false) => Run(batch, null, onEmbedding, dropout, recompute);

    /// <summary>Logits of every token, [N, V] float32.</summary>
    public Tensor Logits(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var (hidden, head) = Run(batch, null);
        return head.Logits(hidden).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of rows with padding, [B, T, V] float32; 0 where there is padding.</summary>
    /// <param name="inputIds">[B, T] Int64.</param>
    /// <param name="attentionMask">[B, T], 1 for tokens and 0 for padding on either side; null: no padding. Positions count tokens, not places.</param>
    public Tensor Forward(Tensor inputIds, Tensor? attentionMask = null)
    {
        using var scope = NewDisposeScope();
        var (rows, width) = ((int)inputIds.size(0), (int)inputIds.size(1));
        var batch = TokenBatch.FromPadded(Rows(inputIds), attentionMask is null ? null : Rows(attentionMask), out var places);
        var logits = Logits(batch);
        var padded = batch.Count == rows * width
            ? logits
            : zeros([rows * width, Spec.VocabSize], ScalarType.Float32, Device).index_copy(0, tensor(Array.ConvertAll(places, p => (long)p), ScalarType.Int64, Device), logits);
        return padded.view(rows, width, Spec.VocabSize).MoveToOuterDisposeScope();

        static int[][] Rows(Tensor t)
        {
            using var flat = t.to(ScalarType.Int64).cpu().contiguous();
            var values = flat.data<long>().ToArray();
            var columns = (int)t.size(1);
            return [.. Enumerable.Range(0, (int)t.size(0)).Select(r => Array.ConvertAll(values[(r * columns)..((r + 1) * columns)], v => checked((int)v)))];
        }
    }

    /// <summary>Inputs of every layer, then the hidden states after the final norm: L + 1 tensors [N, D].</summary>
    public IReadOnlyList<Tensor> HiddenStates(TokenBatch batch)
    {
        var states = new List<Tensor>();
        Run(batch, states);
        return states;
    }

    /// <summary>Writes config, weights and what goes with the model (tokenizer, generation config) into an existing folder.</summary>
    /// <param name="folder">Usually that of a <see cref="StagedFolder"/>.</param>
    /// <param name="dtype">Type of the weights on disk; null keeps the type that each tensor came with.</param>
    /// <returns>SHA-256 of the weight files by name.</returns>
    public IReadOnlyDictionary<string, string> Save(string folder, DType? dtype = null)
    {
        (dtype is { } type && type != Config.DType ? Config.With(dtype: type) : Config).Write(folder);
        if (source is not null)
        {
            CheckpointWriter.CopyCompanions(source, folder);
        }

        return stored.Save(folder, Parameters.Master, dtype);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Adapters?.Dispose();
        Parameters.Dispose();
    }

    internal void CheckIds(IReadOnlyList<int> ids)
    {
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)Spec.VocabSize)
            {
                throw new InvalidInputException($"the token id {id} is not in the model's vocabulary of {Spec.VocabSize}; the tokenizer does not fit the model");
            }
        }
    }

    internal OutputHead Head(Tensor[] weights, Tensor? score = null) => new(decoder, score ?? weights[decoder.OutputSlot], Spec.LogitsDivisor, Spec.LogitSoftcap);

    private static CausalLanguageModel Assemble(Checkpoint checkpoint, ModelConfig config, DecoderSpec spec, ModelLoading loading)
    {
        spec = StoredParameters.Untie(checkpoint, spec);
        var assembled = new Decoder(spec);
        var match = StoredParameters.Match(checkpoint, assembled.Layout, spec, newScore: spec.HasScoreHead && checkpoint.Config.SequenceLabels is null);
        TorchRuntime.Initialize();
        var model = new CausalLanguageModel(config, spec, assembled, match, loading, checkpoint.Folder);
        match.Load(checkpoint, model.Parameters.Master);
        model.Parameters.Trainable = loading.Trainable;
        return model;
    }

    // TRL's order: the tokenizer's padding token, else its end token. Without a tokenizer the config's own.
    private static ModelConfig RewardConfig(ModelConfig config, string folder)
    {
        var tokenizer = Tokenization.Tokenizer.Exists(folder) ? Tokenization.Tokenizer.Load(folder) : null;
        int? end = config.EosTokenIds is [var first, ..] ? first : null;
        return config.AsRewardModel(DecoderFamilies.RewardArchitecture(config.ModelType), tokenizer?.PadId ?? config.PadTokenId ?? tokenizer?.EosId ?? end);
    }

    private ModelOutput Run(TokenBatch batch, List<Tensor>? states, Func<Tensor, Tensor>? onEmbedding = null, Generator? dropout = null, bool recompute = false)
    {
        CheckIds(batch.Ids);
        var longest = batch.Lengths.Max();
        if (Spec.Rope is null && longest > Spec.MaxPositions)
        {
            throw new InvalidInputException($"a sequence of {longest} tokens is longer than the {Spec.MaxPositions} positions of the model");
        }

        var pass = new ForwardPass
        {
            Weights = Parameters.Bind(),
            Attention = new PackedAttention(batch.LengthArray, Device),
            Positions = batch.Positions(),
            TextLengths = batch.TextLengths(),
            Device = Device,
            HiddenStates = states,
            OnEmbedding = onEmbedding,
            Adapters = Adapters?.Begin(dropout),
            Recompute = recompute,
            Fused = Fused,
        };
        return new ModelOutput(decoder.Hidden(batch.IdArray, pass), Head(pass.Weights, pass.Adapters?.Score));
    }

    private void Fill(long seed)
    {
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed, CPU);
        foreach (var piece in decoder.Layout.Pieces)
        {
            Draw(piece, generator);
        }
    }

    private void Draw(ParameterPiece piece, Generator generator)
    {
        using var scope = NewDisposeScope();
        var target = Parameters.Master.narrow(0, piece.Offset, piece.Length);
        var deviation = Deviation(piece.Kind);
        if (deviation > 0)
        {
            target.copy_(randn(piece.Length, ScalarType.Float32, CPU, generator: generator) * deviation);
            if (piece.Kind == ParameterKind.Embedding && Spec.PaddingId is { } padding && padding < Spec.VocabSize)
            {
                target.narrow(0, padding * (long)Spec.HiddenSize, Spec.HiddenSize).zero_();
            }
        }
        else
        {
            target.fill_(piece.Kind == ParameterKind.Norm && Spec.Norm != NormKind.RmsPlusOne ? 1 : 0);
        }

        double Deviation(ParameterKind kind) => kind switch
        {
            ParameterKind.Projection or ParameterKind.Embedding => Spec.InitializerRange,
            ParameterKind.ResidualProjection => Spec.InitializerRange / (Spec.ModelType == "gpt2" ? Math.Sqrt(2 * Spec.Layers) : 1),
            _ => 0,
        };
    }
}
