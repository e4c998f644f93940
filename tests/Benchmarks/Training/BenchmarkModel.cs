namespace LamdAgent.Benchmarks.Training;

/// <summary>A Llama-style model of a given size with random weights.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Hidden">Width.</param>
/// <param name="Inner">Width of the feed-forward part.</param>
/// <param name="Layers">Depth.</param>
/// <param name="Heads">Query heads; half as many for keys and values.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Rows">Dense rows of 256 tokens per step.</param>
internal sealed record BenchmarkModel(string Name, int Hidden, int Inner, int Layers, int Heads, int Vocabulary, int Rows)
{
    public static IReadOnlyList<BenchmarkModel> All { get; } =
    [
        new("1M", 128, 352, 4, 4, 2048, 16),
        new("5M", 256, 704, 6, 4, 2048, 8),
        new("30M", 512, 1408, 10, 8, 4096, 4),
    ];

    /// <summary>Weights that take part in matrix products; the embedding is tied, so its matrix counts once, as the output layer.</summary>
    public long MatrixParameters => ((long)Layers * ((2L * Hidden * Hidden) + (Hidden * Hidden) + (3L * Hidden * Inner))) + ((long)Vocabulary * Hidden);

    /// <summary>Floating-point operations of forward and backward for one token of a row: 6 for each weight, and attention over half the row.</summary>
    public double FlopsPerToken(double rowLength) => (6.0 * MatrixParameters) + (6.0 * Layers * Hidden * rowLength);

    public string Config() =>
        $$"""
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": {{Hidden}}, "intermediate_size": {{Inner}}, "num_hidden_layers": {{Layers}},
         "num_attention_heads": {{Heads}}, "num_key_value_heads": {{Heads / 2}}, "vocab_size": {{Vocabulary}}, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
         "rope_theta": 10000.0, "tie_word_embeddings": true, "hidden_act": "silu", "initializer_range": 0.02, "torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2}
        """;
}
