namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Names of a family's tensors on disk. Names of modules stand without <c>.weight</c> and <c>.bias</c>; those of a layer are relative to
/// <see cref="Layer"/>. The decoder computes q, k, v in one product and gate and up in another; where a family keeps such a group as one tensor on disk (Phi-3,
/// GPT-2) the group has one name here instead of several.
/// </summary>
public sealed record WeightNames
{
    /// <summary>What stands before every name except the output layer's; very old files leave it out.</summary>
    public required string Prefix { get; init; }

    /// <summary>Token embedding.</summary>
    public required string Embedding { get; init; }

    /// <summary>Learned positions, or null.</summary>
    public string? Positions { get; init; }

    /// <summary>Prefix of a layer; {0} is its index.</summary>
    public required string Layer { get; init; }

    /// <summary>q, k, v; or one name for all three, stacked in this order.</summary>
    public required IReadOnlyList<string> QueryKeyValue { get; init; }

    /// <summary>Output projection of the attention.</summary>
    public required string AttentionOutput { get; init; }

    /// <summary>Norm of the queries, where there is one.</summary>
    public string QueryNorm { get; init; } = "self_attn.q_norm";

    /// <summary>Norm of the keys, where there is one.</summary>
    public string KeyNorm { get; init; } = "self_attn.k_norm";

    /// <summary>gate, up; or one name for both; or the only input projection where nothing is gated.</summary>
    public required IReadOnlyList<string> GateUp { get; init; }

    /// <summary>Output projection of the feed-forward part.</summary>
    public required string Down { get; init; }

    /// <summary>Norm before the attention, where there is one.</summary>
    public string? BeforeAttention { get; init; }

    /// <summary>Norm after the attention, where there is one.</summary>
    public string? AfterAttention { get; init; }

    /// <summary>Norm before the feed-forward part, where there is one.</summary>
    public string? BeforeFeedForward { get; init; }

    /// <summary>Norm after the feed-forward part, where there is one.</summary>
    public string? AfterFeedForward { get; init; }

    /// <summary>Norm before the output layer.</summary>
    public required string FinalNorm { get; init; }

    /// <summary>Output layer of untied models.</summary>
    public string Output { get; init; } = "lm_head";

    /// <summary>Whether matrices lie as [in, out] (GPT-2's Conv1D) instead of [out, in].</summary>
    public bool InputMajor { get; init; }

    /// <summary>Ends of names in old files that hold constants instead of weights.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = ["rotary_emb.inv_freq"];

    /// <summary>Llama, Mistral, Qwen2, Qwen3, SmolLM3, Granite.</summary>
    public static WeightNames Llama { get; } = new()
    {
        Prefix = "model.",
        Embedding = "embed_tokens",
        Layer = "layers.{0}.",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.o_proj",
        GateUp = ["mlp.gate_proj", "mlp.up_proj"],
        Down = "mlp.down_proj",
        BeforeAttention = "input_layernorm",
        BeforeFeedForward = "post_attention_layernorm",
        FinalNorm = "norm",
    };

    /// <summary>Gemma 2 and 3: four norms a layer, so that <c>post_attention_layernorm</c> means what it says.</summary>
    public static WeightNames Gemma { get; } = Llama with
    {
        AfterAttention = "post_attention_layernorm",
        BeforeFeedForward = "pre_feedforward_layernorm",
        AfterFeedForward = "post_feedforward_layernorm",
    };

    /// <summary>OLMo 2: norms after the branches only.</summary>
    public static WeightNames Olmo2 { get; } = Llama with
    {
        BeforeAttention = null,
        AfterAttention = "post_attention_layernorm",
        BeforeFeedForward = null,
        AfterFeedForward = "post_feedforward_layernorm",
    };

    /// <summary>Phi-3: fused projections.</summary>
    public static WeightNames Phi3 { get; } = Llama with { QueryKeyValue = ["self_attn.qkv_proj"], GateUp = ["mlp.gate_up_proj"] };

    /// <summary>GPT-2.</summary>
    public static WeightNames Gpt2 { get; } = new()
    {
        Prefix = "transformer.",
        Embedding = "wte",
        Positions = "wpe",
        Layer = "h.{0}.",
        QueryKeyValue = ["attn.c_attn"],
        AttentionOutput = "attn.c_proj",
        GateUp = ["mlp.c_fc"],
        Down = "mlp.c_proj",
        BeforeAttention = "ln_1",
        BeforeFeedForward = "ln_2",
        FinalNorm = "ln_f",
        InputMajor = true,
        Ignored = [".attn.bias", ".attn.masked_bias"],
    };
}
