using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Checkpoints.Tests;

public sealed class ModelConfigTests
{
    public static TheoryData<string> Families() => [.. Directory.EnumerateDirectories(Repository.Golden("models")).Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Families))]
    public void Both_spellings_mean_the_same(string family)
    {
        var modern = Describe(Load(family, "config.json"));
        var old = Describe(Load(family, "config.v4.json"));

        old.ShouldBe(modern);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Saving_writes_back_what_came(string family)
    {
        foreach (var file in new[] { "config.json", "config.v4.json" })
        {
            var text = File.ReadAllText(Repository.Golden("models", family, file));

            JsonNode.DeepEquals(JsonNode.Parse(ModelConfig.Parse(text, file).ToJson()), JsonNode.Parse(text)).ShouldBeTrue();
        }
    }

    [Fact]
    public void Gemma3_has_a_rope_for_each_kind_of_layer()
    {
        var config = Load("gemma3", "config.v4.json");

        config.Rope.ShouldBe(new RopeParameters { Theta = 100_000, Type = "linear", Factor = 4 });
        config.LocalRope.ShouldBe(new RopeParameters { Theta = 1000 });
        config.SlidingLayers.ShouldBe([true, true, false, true]);
        config.SlidingWindow.ShouldBe(6);
    }

    [Fact]
    public void Qwen2_ignores_its_window_when_told_so() => Load("qwen2", "config.v4.json").SlidingWindow.ShouldBeNull();

    [Fact]
    public void Gpt2_has_its_own_words()
    {
        var config = Load("gpt2", "config.json");

        config.ShouldSatisfyAllConditions(
            c => c.HiddenSize.ShouldBe(48),
            c => c.IntermediateSize.ShouldBe(192),
            c => c.NumHiddenLayers.ShouldBe(2),
            c => c.MaxPositionEmbeddings.ShouldBe(64),
            c => c.TieWordEmbeddings.ShouldBeTrue());
    }

    [Fact]
    public void Changes_go_under_the_spelling_that_is_there()
    {
        var old = Load("llama-tied", "config.v4.json").With(vocabSize: 300, dtype: DType.BF16);
        var modern = Load("llama-tied", "config.json").With(dtype: DType.BF16, layers: [0, 1, 0, 1, 1]);

        old.VocabSize.ShouldBe(300);
        old["torch_dtype"]!.GetValue<string>().ShouldBe("bfloat16");
        old["dtype"].ShouldBeNull();
        modern["dtype"]!.GetValue<string>().ShouldBe("bfloat16");
        modern.NumHiddenLayers.ShouldBe(5);
        modern["torch_dtype"].ShouldBeNull();
    }

    [Fact]
    public void Layers_stay_of_their_kind_when_they_move()
    {
        var gemma = Load("gemma2", "config.json");
        var smol = Load("smollm3", "config.json");

        gemma.With(layers: [1, 0, 1]).SlidingLayers.ShouldBe([gemma.SlidingLayers[1], gemma.SlidingLayers[0], gemma.SlidingLayers[1]]);
        smol.With(layers: [2, 0]).NoRopeLayers.ShouldBe([smol.NoRopeLayers[2], smol.NoRopeLayers[0]]);
        gemma.SlidingLayers[0].ShouldNotBe(gemma.SlidingLayers[1]);
        smol.NoRopeLayers[0].ShouldNotBe(smol.NoRopeLayers[2]);
    }

    [Fact]
    public void Several_end_tokens_are_kept() =>
        ModelConfig.Parse("""{"model_type":"llama","vocab_size":8,"hidden_size":4,"num_hidden_layers":1,"num_attention_heads":2,"eos_token_id":[3,5]}""", "c").EosTokenIds.ShouldBe([3, 5]);

    [Fact]
    public void What_a_file_leaves_out_is_what_the_family_has()
    {
        var mistral = ModelConfig.Parse("""{"model_type":"mistral"}""", "c");
        (mistral.VocabSize, mistral.NumAttentionHeads, mistral.NumKeyValueHeads, mistral.HeadDim, mistral.SlidingWindow).ShouldBe((32000, 32, 8, 128, 4096));
        mistral.EosTokenIds.ShouldBe([2]);
        var phi3 = ModelConfig.Parse("""{"model_type":"phi3"}""", "c");
        (phi3.NormEpsilon, phi3.NumKeyValueHeads, phi3.PadTokenId, phi3.SlidingWindow).ShouldBe((1e-5, 32, 32000, null));
        var gpt2 = ModelConfig.Parse("""{"model_type":"gpt2","n_embd":64}""", "c");
        (gpt2.IntermediateSize, gpt2.MaxPositionEmbeddings, gpt2.Activation, gpt2.TieWordEmbeddings).ShouldBe((256, 1024, "gelu_new", true));
    }

    [Fact]
    public void Null_is_not_left_out()
    {
        var config = ModelConfig.Parse("""{"model_type":"gemma2","final_logit_softcapping":null,"pad_token_id":null}""", "c");

        config.FinalLogitSoftcapping.ShouldBeNull();
        config.PadTokenId.ShouldBeNull();
        config.AttentionLogitSoftcapping.ShouldBe(50);
    }

    [Fact]
    public void A_family_ignores_keys_that_it_does_not_read()
    {
        var config = ModelConfig.Parse("""{"model_type":"llama","sliding_window":8,"hidden_activation":"relu","n_inner":9}""", "c");

        config.SlidingWindow.ShouldBeNull();
        config.Activation.ShouldBe("silu");
        config.IntermediateSize.ShouldBe(11008);
        config["sliding_window"]!.GetValue<int>().ShouldBe(8);
    }

    [Fact]
    public void Lists_of_layers_grow_with_the_layers()
    {
        var config = ModelConfig.Parse("""{"model_type":"smollm3","num_hidden_layers":2,"no_rope_layers":[1,0],"layer_types":["full_attention","full_attention"]}""", "c").With(layers: [0, 1, 1, 0, 1]);

        config.NoRopeLayers.ShouldBe([false, true, true, false, true]);
        config.SlidingLayers.Count.ShouldBe(5);
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"vocab_size":1}""", "model_type")]
    [InlineData("""{"model_type":"llama","vocab_size":"x"}""", "vocab_size")]
    [InlineData("""{"model_type":"llama","vocab_size":0}""", "at least 1")]
    [InlineData("""{"model_type":"some_other","vocab_size":8}""", "'hidden_size' is missing")]
    [InlineData("""{"model_type":"llama","rope_parameters":{"full_attention":{"rope_theta":5}}}""", "names layer types, which llama does not have")]
    [InlineData("""{"model_type":"gemma3_text","rope_parameters":{"rope_theta":5}}""", "needs 'full_attention' and 'sliding_attention'")]
    [InlineData("""{"model_type":"smollm3","no_rope_layers":[1,0]}""", "'no_rope_layers' has 2 values for 36 layers")]
    [InlineData("""{"model_type":"llama","model_type":"llama"}""", "not valid JSON")]
    public void A_bad_config_is_named(string json, string complaint) =>
        Should.Throw<InvalidInputException>(() => ModelConfig.Parse(json, "m/config.json")).Message.ShouldContain(complaint);

    private static ModelConfig Load(string family, string file) => ModelConfig.Parse(File.ReadAllText(Repository.Golden("models", family, file)), file);

    // Every typed value; Phi-3's and Llama's window and layer lists come out the same from both spellings.
    private static string Describe(ModelConfig config) =>
        JsonSerializer.Serialize(typeof(ModelConfig).GetProperties().Where(p => p.GetIndexParameters().Length == 0).ToDictionary(p => p.Name, p => p.GetValue(config)));
}
