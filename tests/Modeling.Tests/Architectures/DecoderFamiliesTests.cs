using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Architectures;

public sealed class DecoderFamiliesTests
{
    private const string Llama = """
        {"model_type": "llama", "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 128}
        """;

    [Theory]
    [InlineData("\"llama\"", "\"mamba\"", "model_type 'mamba' is not supported; supported: llama, mistral")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"hidden_act\": \"xielu\"", "the activation 'xielu' is not supported")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"use_bidirectional_attention\": true", "use_bidirectional_attention = true is not supported")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"quantization_config\": {\"bits\": 4}", "quantization_config")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"rope_scaling\": {\"rope_type\": \"mrope\"}", "rope type 'mrope' is not supported")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}", "needs low_freq_factor")]
    [InlineData("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "not a multiple")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"is_causal\": false", "is_causal = false is not supported")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"rope_scaling\": {\"type\": \"linear\"}", "rope type linear needs a factor")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}, \"partial_rotary_factor\": 0.5", "partial_rotary_factor = 0.5")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"layer_types\": [\"chunked_attention\", \"full_attention\"]", "the layer type 'chunked_attention' is not supported")]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 64, \"layer_types\": [\"sliding_attention\", \"full_attention\"], \"sliding_window\": 4", "layers of llama slide, but there is no sliding_window")]
    [InlineData("\"llama\"", "\"gemma2\", \"sliding_window\": null", "layers of gemma2 slide, but there is no sliding_window")]
    [InlineData("\"llama\"", "\"phi3\", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}", "rope type 'linear' is not supported for phi3")]
    public void What_is_not_supported_is_refused_by_name(string from, string to, string message)
    {
        var config = ModelConfig.Parse(Llama.Replace(from, to, StringComparison.Ordinal), "config.json");

        Should.Throw<InvalidInputException>(() => DecoderFamilies.Describe(config)).Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("llama-tied", "llama-untied", "the config asks for")]
    [InlineData("granite", "qwen2", "no place in a model of type granite")]
    [InlineData("qwen2", "granite", "lacks 6 tensors")]
    public void A_checkpoint_that_is_not_what_its_config_says_is_refused(string config, string weights, string message)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Repository.Golden("models", config, "config.json"), folder["config.json"]);
        File.Copy(Repository.Golden("models", weights, "model.safetensors"), folder["model.safetensors"]);

        Should.Throw<InvalidInputException>(() => CausalLanguageModel.Load(folder.Path)).Message.ShouldContain(message);
    }

    [Fact]
    public void Of_a_tied_pair_either_may_be_the_one_that_was_stored()
    {
        using var folder = new TemporaryFolder();
        using var saved = new TemporaryFolder();
        using var given = Checkpoint.Open(Repository.Golden("models", "llama-tied"));
        given.Config.Write(folder.Path);
        static string Renamed(string name) => name == "model.embed_tokens.weight" ? "lm_head.weight" : name;
        using (var writer = CheckpointWriter.Create(folder.Path, [.. given.InOrder.Select(t => new TensorDeclaration(Renamed(t.Name), t.DType, t.Shape))]))
        {
            foreach (var tensor in given.InOrder)
            {
                writer.Write(Renamed(tensor.Name), tensor.Bytes);
            }

            writer.Finish();
        }

        using var usual = CausalLanguageModel.Load(Repository.Golden("models", "llama-tied"));
        using var model = CausalLanguageModel.Load(folder.Path);
        model.Save(saved.Path);

        model.Parameters.Master.Equals(usual.Parameters.Master).ShouldBeTrue();
        using var written = Checkpoint.Open(saved.Path);
        written.InOrder.Select(t => t.Name).ShouldBe(given.InOrder.Select(t => Renamed(t.Name)));
    }

    [Fact]
    public void New_weights_follow_the_seed_and_start_as_transformers_starts_them()
    {
        var config = ModelConfig.Parse(Llama, "config.json");
        using var one = CausalLanguageModel.Create(config, seed: 1);
        using var same = CausalLanguageModel.Create(config, seed: 1);
        using var other = CausalLanguageModel.Create(config, seed: 2);

        one.Parameters.Master.Equals(same.Parameters.Master).ShouldBeTrue();
        one.Parameters.Master.Equals(other.Parameters.Master).ShouldBeFalse();
        using var embedding = one.Parameters.View(one.Parameters.Piece("model.embed_tokens.weight"));
        embedding.std().item<float>().ShouldBe(0.02f, 0.001f);
        using var norm = one.Parameters.View(one.Parameters.Piece("model.norm.weight"));
        norm.min().item<float>().ShouldBe(1);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_refused()
    {
        using var model = CausalLanguageModel.Create(ModelConfig.Parse(Llama, "config.json"), 1);

        Should.Throw<InvalidInputException>(() => model.Forward(TokenBatch.FromRows([[1, 64]]))).Message.ShouldContain("the token id 64");
    }

    // Names and shapes on disk are an interface. Every family's are pinned by its golden checkpoint; here, that fused slots lie over the pieces they stand for.
    [Fact]
    public void Pieces_follow_each_other_without_gaps()
    {
        foreach (var folder in Directory.GetDirectories(Repository.Golden("models")))
        {
            using var model = CausalLanguageModel.Load(folder);
            var next = 0L;
            foreach (var piece in model.Parameters.Layout.Pieces)
            {
                piece.Offset.ShouldBe(next, piece.Name);
                next += piece.Length;
            }

            next.ShouldBe(model.Parameters.Layout.Length);
        }
    }
}
