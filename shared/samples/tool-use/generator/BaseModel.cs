using System.Text.Json.Nodes;

namespace LamdAgent.Samples.ToolUse;

/// <summary>The shape of the base model: Llama's layout, small enough to be trained on two cores in minutes.</summary>
public static class BaseModel
{
    private const int HiddenSize = 128;
    private const int Layers = 4;
    private const int Heads = 4;
    private const int KeyValueHeads = 4;
    private const int IntermediateSize = 320;

    /// <summary>config.json.</summary>
    public static JsonObject Configuration(BytePairEncoding encoding) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = TokenizerFiles.VocabularySize(encoding),
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["num_key_value_heads"] = KeyValueHeads,
        ["head_dim"] = HiddenSize / Heads,
        ["hidden_act"] = "silu",
        ["attention_bias"] = false,
        ["attention_dropout"] = 0.0,
        ["mlp_bias"] = false,
        ["initializer_range"] = 0.05,
        ["max_position_embeddings"] = 256,
        ["rms_norm_eps"] = 1e-05,
        ["rope_parameters"] = new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" },
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = true,
        ["use_cache"] = true,
        ["bos_token_id"] = null,
        ["eos_token_id"] = TokenizerFiles.IdOf(encoding, ChatFormat.TurnEnd),
        ["pad_token_id"] = TokenizerFiles.IdOf(encoding, ChatFormat.Padding),
        ["dtype"] = "float32",
    };

    /// <summary>generation_config.json: greedy, ending with the turn.</summary>
    public static JsonObject GenerationConfiguration(BytePairEncoding encoding) => new()
    {
        ["do_sample"] = false,
        ["eos_token_id"] = TokenizerFiles.IdOf(encoding, ChatFormat.TurnEnd),
        ["pad_token_id"] = TokenizerFiles.IdOf(encoding, ChatFormat.Padding),
        ["max_new_tokens"] = 48,
    };
}
