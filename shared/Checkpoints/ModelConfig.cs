using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// A model's config.json: typed values in one vocabulary whichever spelling the file has (transformers 4 or 5, GPT-2's own), with the defaults of the
/// model's family where a key is absent. The file's own JSON is kept, so that saving writes back what came, changed only where asked.
/// </summary>
public sealed class ModelConfig
{
    /// <summary>Name of the file in the model's folder.</summary>
    public const string FileName = "config.json";

    // Lists with a value for each layer.
    private static readonly string[] PerLayerKeys = ["layer_types", "no_rope_layers"];

    private readonly JsonObject _json;
    private readonly ConfigKeys _keys;

    private ModelConfig(JsonObject json, string file)
    {
        _json = json;
        // Models with more than text keep the language model's values one level down.
        var text = json["text_config"] is JsonObject inner && !json.ContainsKey("hidden_size") ? inner : json;
        ModelType = new ConfigKeys(text, file).Text("model_type") ?? throw new InvalidInputException(file, null, "'model_type' is missing");
        _keys = new ConfigKeys(text, file, FamilyKeys.Of(ModelType));
        VocabSize = _keys.RequiredInt("vocab_size");
        HiddenSize = _keys.RequiredInt("hidden_size", "n_embd");
        NumHiddenLayers = _keys.RequiredInt("num_hidden_layers", "n_layer");
        NumAttentionHeads = _keys.RequiredInt("num_attention_heads", "n_head");
        NumKeyValueHeads = _keys.Int("num_key_value_heads") ?? NumAttentionHeads;
        HeadDim = _keys.Int("head_dim") ?? (HiddenSize / Math.Max(1, NumAttentionHeads));
        IntermediateSize = _keys.Int("intermediate_size", "n_inner") ?? (4 * HiddenSize);
        MaxPositionEmbeddings = _keys.Int("max_position_embeddings", "n_positions", "n_ctx") ?? 2048;
        NormEpsilon = _keys.Number("rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps") ?? 1e-6;
        Activation = _keys.Text("hidden_activation", "hidden_act", "activation_function") ?? "silu";
        TieWordEmbeddings = _keys.Flag("tie_word_embeddings") ?? ModelType == "gemma";
        AttentionBias = _keys.Flag("attention_bias") ?? false;
        MlpBias = _keys.Flag("mlp_bias") ?? false;
        AttentionLogitSoftcapping = _keys.Number("attn_logit_softcapping");
        FinalLogitSoftcapping = _keys.Number("final_logit_softcapping");
        QueryPreAttentionScalar = _keys.Number("query_pre_attn_scalar");
        EmbeddingMultiplier = _keys.Number("embedding_multiplier") ?? 1;
        ResidualMultiplier = _keys.Number("residual_multiplier") ?? 1;
        AttentionMultiplier = _keys.Number("attention_multiplier");
        LogitsScaling = _keys.Number("logits_scaling") ?? 1;
        // Qwen's classes drop a window that is not to be used; SmolLM3's keeps it for layers that are named sliding.
        SlidingWindow = ModelType is "qwen2" or "qwen3" && _keys.Flag("use_sliding_window") != true ? null : _keys.Int("sliding_window");
        NoRopeLayers = ReadNoRopeLayers();
        SlidingLayers = ReadSlidingLayers();
        (Rope, LocalRope) = RopeReader.Read(_keys, ModelType);
        DType = _keys.Text("dtype", "torch_dtype") is { } type && type != "auto" ? DTypes.ParseTorch(type) : Checkpoints.DType.F32;
        BosTokenId = _keys.Ints("bos_token_id") is [var bos, ..] ? bos : null;
        PadTokenId = _keys.Ints("pad_token_id") is [var pad, ..] ? pad : null;
        EosTokenIds = _keys.Ints("eos_token_id");
        SequenceLabels = IsSequenceClassifier(json) ? _keys.Int("num_labels") ?? (json["id2label"] as JsonObject)?.Count ?? 2 : null;
    }

    /// <summary>The family: <c>llama</c>, <c>qwen2</c>, <c>gemma2</c> ...</summary>
    public string ModelType { get; }

    /// <summary>Rows of the embedding.</summary>
    public int VocabSize { get; }

    /// <summary>Width of the residual stream.</summary>
    public int HiddenSize { get; }

    /// <summary>Inner width of the MLP.</summary>
    public int IntermediateSize { get; }

    /// <summary>Number of layers.</summary>
    public int NumHiddenLayers { get; }

    /// <summary>Query heads.</summary>
    public int NumAttentionHeads { get; }

    /// <summary>Key and value heads; as many as query heads when the file does not say.</summary>
    public int NumKeyValueHeads { get; }

    /// <summary>Width of a head; hidden/heads when neither file nor family says otherwise.</summary>
    public int HeadDim { get; }

    /// <summary>Longest context.</summary>
    public int MaxPositionEmbeddings { get; }

    /// <summary>Epsilon of the norms.</summary>
    public double NormEpsilon { get; }

    /// <summary>Activation of the MLP: <c>silu</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_new</c> ...</summary>
    public string Activation { get; }

    /// <summary>Whether the output layer is the embedding.</summary>
    public bool TieWordEmbeddings { get; }

    /// <summary>Whether the config asks for a bias on all attention projections. (Qwen2 and GPT-2 have theirs without saying so.)</summary>
    public bool AttentionBias { get; }

    /// <summary>Whether the config asks for a bias on the MLP's projections. (GPT-2 has them without saying so.)</summary>
    public bool MlpBias { get; }

    /// <summary>Places a token sees in <see cref="SlidingLayers"/>, itself included; null when the model has no window.</summary>
    public int? SlidingWindow { get; }

    /// <summary>For each layer, whether it attends within <see cref="SlidingWindow"/> only.</summary>
    public IReadOnlyList<bool> SlidingLayers { get; }

    /// <summary>For each layer, whether it goes without rotary positions (SmolLM3).</summary>
    public IReadOnlyList<bool> NoRopeLayers { get; }

    /// <summary>Rotary positions of full-attention layers (and of all layers unless <see cref="LocalRope"/> is there).</summary>
    public RopeParameters Rope { get; }

    /// <summary>Rotary positions of sliding layers where they differ (Gemma 3), or null.</summary>
    public RopeParameters? LocalRope { get; }

    /// <summary>Gemma 2: soft cap of attention scores.</summary>
    public double? AttentionLogitSoftcapping { get; }

    /// <summary>Gemma 2: soft cap of logits.</summary>
    public double? FinalLogitSoftcapping { get; }

    /// <summary>Gemma: scores are scaled by this to the power -1/2 instead of by the head's width.</summary>
    public double? QueryPreAttentionScalar { get; }

    /// <summary>Granite: factor on the embedding; 1 elsewhere (Gemma's square root of the width is its family's own rule).</summary>
    public double EmbeddingMultiplier { get; }

    /// <summary>Granite: factor on each branch before it is added; 1 elsewhere.</summary>
    public double ResidualMultiplier { get; }

    /// <summary>Granite: scale of the scores; null elsewhere.</summary>
    public double? AttentionMultiplier { get; }

    /// <summary>Granite: logits are divided by this; 1 elsewhere.</summary>
    public double LogitsScaling { get; }

    /// <summary>Data type of the weights as the file says; F32 when it does not.</summary>
    public DType DType { get; }

    /// <summary>Token that starts a text, or null.</summary>
    public int? BosTokenId { get; }

    /// <summary>Padding token, or null.</summary>
    public int? PadTokenId { get; }

    /// <summary>Tokens that end a text (one or several, empty when the file does not say).</summary>
    public IReadOnlyList<int> EosTokenIds { get; }

    /// <summary>Numbers that the model gives for a whole sequence in place of logits over its vocabulary (1: a reward model); null for language models.</summary>
    public int? SequenceLabels { get; }

    /// <summary>Reads a folder's config.json.</summary>
    /// <exception cref="InvalidInputException">It is missing or not valid.</exception>
    public static ModelConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? Parse(File.ReadAllText(path), path) : throw new InvalidInputException(folder, null, $"not a model folder: {FileName} is missing");
    }

    /// <summary>Reads a config from text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">For messages.</param>
    public static ModelConfig Parse(string json, string file)
    {
        try
        {
            var node = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
            return new ModelConfig(node as JsonObject ?? throw new InvalidInputException(file, null, "not a JSON object"), file);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(file, null, $"not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A value that has no property here, by its key, as the file has it; null when absent.</summary>
    public JsonNode? this[string key] => _keys.Raw(key);

    /// <summary>A copy with other values, each under the spelling that the file has (or transformers 5's when it has none). Null leaves a value as it is.</summary>
    /// <param name="vocabSize">Rows of the embedding.</param>
    /// <param name="layers">The layers of the copy: which of this config's each one is.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="tieWordEmbeddings">Whether the output layer is the embedding.</param>
    public ModelConfig With(int? vocabSize = null, IReadOnlyList<int>? layers = null, DType? dtype = null, bool? tieWordEmbeddings = null)
    {
        var copy = (JsonObject)_json.DeepClone();
        var text = copy["text_config"] is JsonObject inner && !copy.ContainsKey("hidden_size") ? inner : copy;
        Set(vocabSize, "vocab_size");
        Set(layers?.Count, "num_hidden_layers", "n_layer");
        Set(tieWordEmbeddings, "tie_word_embeddings");
        Set(dtype?.TorchName(), "dtype", "torch_dtype");
        foreach (var key in PerLayerKeys)
        {
            // A layer stays of its kind wherever it goes.
            if (layers is not null && text[key] is JsonArray { Count: > 0 } kinds)
            {
                text[key] = new JsonArray([.. layers.Select(i => kinds[i % kinds.Count]!.DeepClone())]);
            }
        }

        return Parse(copy.ToJsonString(), FileName);

        void Set<T>(T? value, params string[] spellings)
        {
            if (value is not null)
            {
                var present = spellings.Where(text.ContainsKey).ToList();
                foreach (var key in present.Count > 0 ? present : [spellings[0]])
                {
                    text[key] = JsonValue.Create(value);
                }
            }
        }
    }

    /// <summary>A copy whose special token ids are those of another config, for a model that takes over the other's tokenizer.</summary>
    public ModelConfig WithTokenIdsOf(ModelConfig other)
    {
        var copy = (JsonObject)_json.DeepClone();
        foreach (var key in new[] { "bos_token_id", "eos_token_id", "pad_token_id" })
        {
            if (other._json.TryGetPropertyValue(key, out var value))
            {
                copy[key] = value?.DeepClone();
            }
        }

        return Parse(copy.ToJsonString(), FileName);
    }

    /// <summary>A copy for the reward model that this language model becomes: another class, one label, and a padding token, by which transformers finds the last token of a row.</summary>
    /// <param name="architecture">The class, <c>LlamaForSequenceClassification</c>.</param>
    /// <param name="padTokenId">Padding token; null leaves what the file says.</param>
    public ModelConfig AsRewardModel(string architecture, int? padTokenId)
    {
        var copy = (JsonObject)_json.DeepClone();
        copy["architectures"] = new JsonArray(architecture);
        copy["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
        copy["label2id"] = new JsonObject { ["LABEL_0"] = 0 };
        copy.Remove("num_labels");
        if (padTokenId is { } pad)
        {
            copy["pad_token_id"] = pad;
        }

        return Parse(copy.ToJsonString(), FileName);
    }

    /// <summary>The config as JSON text: what was read, with the changes that were made.</summary>
    public string ToJson() => _json.ToJsonString(Indented) + "\n";

    /// <summary>Writes config.json into a folder.</summary>
    public void Write(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, FileName), ToJson());

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static bool IsSequenceClassifier(JsonObject json) =>
        json["architectures"] is JsonArray { Count: > 0 } classes && classes[0] is JsonValue first && first.TryGetValue<string>(out var name) && name.EndsWith("ForSequenceClassification", StringComparison.Ordinal);

    private bool[] ReadNoRopeLayers()
    {
        if (_keys.Node("no_rope_layers") is not null)
        {
            var given = _keys.Ints("no_rope_layers");
            return given.Count >= NumHiddenLayers
                ? [.. given.Take(NumHiddenLayers).Select(uses => uses == 0)]
                : throw _keys.Error($"'no_rope_layers' has {given.Count} values for {NumHiddenLayers} layers");
        }

        var interval = _keys.Int("no_rope_layer_interval") ?? 0;
        return [.. Enumerable.Range(0, NumHiddenLayers).Select(i => interval > 0 && (i + 1) % interval == 0)];
    }

    private bool[] ReadSlidingLayers()
    {
        if (_keys.Node("layer_types") is JsonArray types)
        {
            return types.Count == NumHiddenLayers
                ? [.. types.Select(t => t?.GetValueKind() == JsonValueKind.String && t.GetValue<string>() == "sliding_attention")]
                : throw _keys.Error($"'layer_types' has {types.Count} values for {NumHiddenLayers} layers");
        }

        var has = SlidingWindow is not null;
        var from = _keys.Int("max_window_layers") ?? 0;
        var used = _keys.Flag("use_sliding_window") ?? false;
        var pattern = _keys.Int("sliding_window_pattern") is { } p and > 0 ? p : 6;
        return [.. Enumerable.Range(0, NumHiddenLayers).Select(i => ModelType switch
        {
            "gemma2" => i % 2 == 0,
            "gemma3_text" => (i + 1) % pattern != 0,
            "qwen2" or "qwen3" => has && i >= from,
            "smollm3" => has && used && NoRopeLayers[i],
            _ => has,
        })];
    }
}
