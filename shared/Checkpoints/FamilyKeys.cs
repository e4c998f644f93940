using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace LamdAgent.Checkpoints;

/// <summary>
/// What a family's config class in transformers 5.12 (<c>configuration_*.py</c>) reads, and the value each key has when config.json does not name it. A key that the class does
/// not read is left alone, as transformers leaves it: a Llama with <c>sliding_window</c> has no window. A key that is there with null stays null.
/// </summary>
internal sealed class FamilyKeys
{
    // Read whatever the family: the rope keys have rules of their own (RopeReader).
    private static readonly string[] Everywhere =
    [
        "model_type", "dtype", "torch_dtype", "bos_token_id", "eos_token_id", "pad_token_id", "num_labels",
        "rope_theta", "rope_scaling", "rope_parameters", "rope_local_base_freq", "partial_rotary_factor", "original_max_position_embeddings",
    ];

    private static readonly FrozenDictionary<string, FamilyKeys> Known = new Dictionary<string, FamilyKeys>(StringComparer.Ordinal)
    {
        ["llama"] = Read("""
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false,
             "bos_token_id": 1, "eos_token_id": 2}
            """),
        ["mistral"] = Read(Mistral),
        ["ministral"] = Read(Mistral),
        ["qwen2"] = Read("""
            {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
             "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28, "layer_types": null}
            """),
        ["qwen3"] = Read("""
            {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 128,
             "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "attention_bias": false,
             "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28, "layer_types": null}
            """),
        ["gemma2"] = Read("""
            {"vocab_size": 256000, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
             "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "attention_bias": false,
             "query_pre_attn_scalar": 256, "sliding_window": 4096, "layer_types": null, "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0,
             "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}
            """),
        ["gemma3_text"] = Read("""
            {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
             "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "attention_bias": false,
             "query_pre_attn_scalar": 256, "sliding_window": 4096, "layer_types": null, "sliding_window_pattern": 6, "final_logit_softcapping": null, "attn_logit_softcapping": null,
             "rope_theta": 1000000, "rope_local_base_freq": 10000, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}
            """),
        ["phi3"] = Read("""
            {"vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 4096, "original_max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "tie_word_embeddings": false,
             "sliding_window": null, "pad_token_id": 32000, "bos_token_id": 1, "eos_token_id": 32000}
            """),
        ["smollm3"] = Read("""
            {"vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false,
             "use_sliding_window": false, "sliding_window": null, "no_rope_layers": null, "no_rope_layer_interval": 4, "layer_types": null,
             "rope_theta": 2000000, "pad_token_id": 128004, "bos_token_id": 128000, "eos_token_id": 128001}
            """),
        ["olmo2"] = Read("""
            {"vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "tie_word_embeddings": false, "attention_bias": false,
             "pad_token_id": 1, "eos_token_id": 50279}
            """),
        ["gpt2"] = Read("""
            {"vocab_size": 50257, "n_embd": 768, "hidden_size": null, "n_inner": null, "n_layer": 12, "num_hidden_layers": null, "n_head": 12, "num_attention_heads": null,
             "activation_function": "gelu_new", "n_positions": 1024, "max_position_embeddings": null, "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
             "bos_token_id": 50256, "eos_token_id": 50256}
            """),
        ["granite"] = Read("""
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null,
             "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false,
             "embedding_multiplier": 1.0, "logits_scaling": 1.0, "residual_multiplier": 1.0, "attention_multiplier": 1.0, "bos_token_id": 1, "eos_token_id": 2}
            """),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // The same class in all that matters here; AutoConfig takes a Mistral with layer_types for a Ministral.
    private const string Mistral = """
        {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": null,
         "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "tie_word_embeddings": false, "sliding_window": 4096, "layer_types": null,
         "bos_token_id": 1, "eos_token_id": 2}
        """;

    private readonly JsonObject _defaults;

    private FamilyKeys(JsonObject defaults) => _defaults = defaults;

    /// <summary>The keys of a family; null for families that are not known here, whose every key is taken as it stands.</summary>
    public static FamilyKeys? Of(string? modelType) => modelType is not null && Known.TryGetValue(modelType, out var keys) ? keys : null;

    /// <summary>Whether the family's class reads the key.</summary>
    public bool Reads(string key) => _defaults.ContainsKey(key) || Everywhere.Contains(key, StringComparer.Ordinal);

    /// <summary>The value when config.json does not name the key; null when there is none.</summary>
    public JsonNode? Default(string key) => _defaults[key];

    private static FamilyKeys Read(string json) => new(JsonNode.Parse(json)!.AsObject());
}
