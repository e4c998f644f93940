using LamdAgent.Domain;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Adapters;

public sealed class LoraAdaptersTests
{
    private static readonly string Golden = Repository.Golden("models", "llama-tied", "lora");

    [Fact]
    public void Peft_adapters_give_the_reference_logits_and_gradients()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(Path.Combine(Golden, "expected.safetensors"));
        using var model = Load("llama-tied");
        using var adapters = LoraAdapters.Load(model, Golden, trainable: true);

        var logits = model.Forward(golden["input_ids"]);
        logits.ShouldBeNear(golden["logits"], Compare.Logits, "logits");
        var loss = Compare.NextTokenLoss(logits, golden["labels"]);
        loss.item<float>().ShouldBe(golden["loss"].item<float>(), Compare.Loss);
        loss.backward();

        var gradients = golden.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).ToList();
        gradients.Count.ShouldBe(8);
        foreach (var name in gradients)
        {
            var piece = adapters.Parameters.Piece(name["grad.".Length..]);
            adapters.Parameters.Gradient!.narrow(0, piece.Offset, piece.Length).view([.. piece.Shape]).ShouldBeNear(golden[name], Compare.Gradient, name);
        }
    }

    [Theory]
    [InlineData("llama-bias", false, false)]
    [InlineData("llama-bias", true, true)]
    [InlineData("phi3", false, true)]
    [InlineData("gpt2", true, false)]
    [InlineData("gpt2", false, true)]
    [InlineData("gemma2", true, true)]
    public void Merging_saving_and_loading_compute_the_same(string name, bool rslora, bool dora)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Load(name);
        var ids = tensor(Enumerable.Range(0, 24).Select(i => (long)(i * 37 % 288)).ToArray(), 2, 12);
        var untouched = model.Forward(ids);
        using var adapters = LoraAdapters.Attach(model, new LoraConfiguration { Rank = 3, Alpha = 5, TargetModules = [LoraConfiguration.AllLinear], UseRslora = rslora, UseDora = dora }, seed: 1);
        model.Forward(ids).ShouldBeNear(untouched, 1e-5, "before training");
        using (no_grad())
        {
            adapters.Parameters.Master.add_(randn_like(adapters.Parameters.Master) * 0.05);
            adapters.Parameters.Changed();
        }

        var adapted = model.Forward(ids).detach();
        (adapted - untouched).abs().max().item<float>().ShouldBeGreaterThan(0.01f);

        adapters.Save(folder.Path);
        using var again = Load(name);
        using var loaded = LoraAdapters.Load(again, folder.Path);
        again.Forward(ids).ShouldBeNear(adapted, 1e-6, "loaded");
        adapters.Merge();
        model.Adapters.ShouldBeNull();
        model.Forward(ids).ShouldBeNear(adapted, Compare.Logits, "merged");
    }

    // y = m / |W + s B A| * (W + s B A) x, the formula of the DoRA paper, written out.
    [Fact]
    public void Dora_is_the_formula_of_its_paper_and_its_gradient_takes_the_norm_as_constant()
    {
        using var scope = NewDisposeScope();
        using var model = Load("llama-untied");
        using var adapters = LoraAdapters.Attach(model, new LoraConfiguration { Rank = 2, Alpha = 3, TargetModules = ["down_proj"], UseDora = true }, seed: 2);
        using (no_grad())
        {
            adapters.Parameters.Master.add_(0.1);
            adapters.Parameters.Changed();
        }

        const string Module = "model.layers.1.mlp.down_proj";
        Tensor Own(string end) => adapters.Parameters.View(adapters.Parameters.Piece(Module + end));
        var w = model.Parameters.View(model.Parameters.Piece(Module + ".weight"));
        var whole = w + (1.5 * Own(".lora_B.weight").mm(Own(".lora_A.weight")));
        var expected = Own(".lora_magnitude_vector").unsqueeze(1) * whole / whole.square().sum(1, keepdim: true).sqrt();
        adapters.Merge();

        model.Parameters.View(model.Parameters.Piece(Module + ".weight")).ShouldBeNear(expected, 1e-6, "merged");
    }

    [Fact]
    public void Dropout_comes_from_its_generator_and_only_in_training()
    {
        using var scope = NewDisposeScope();
        using var model = Load("qwen2");
        using var adapters = LoraAdapters.Attach(model, new LoraConfiguration { Rank = 4, Alpha = 8, Dropout = 0.5, TargetModules = ["q_proj", "up_proj"] }, seed: 3);
        using (no_grad())
        {
            adapters.Parameters.Master.add_(0.05);
            adapters.Parameters.Changed();
        }

        var batch = TokenBatch.FromRows([[1, 2, 3, 4]]);
        Tensor With(ulong? seed) => model.Forward(batch, dropout: seed is { } s ? new Generator(s, CPU) : null).Hidden.detach();

        With(7).ShouldBeNear(With(7), 1e-9, "same seed");
        (With(7) - With(8)).abs().max().item<float>().ShouldBeGreaterThan(1e-4f);
        With(null).ShouldBeNear(With(null), 1e-9, "no dropout");
    }

    [Theory]
    [InlineData("\"r\": 4", "\"r\": 5", "does not fit")]
    [InlineData("\"bias\": \"none\"", "\"bias\": \"all\"", "bias 'all' is not supported")]
    [InlineData("\"modules_to_save\": null", "\"modules_to_save\": [\"lm_head\"]", "modules_to_save is not supported")]
    [InlineData("\"LORA\"", "\"IA3\"", "peft_type 'IA3' is not supported")]
    [InlineData("\"v_proj\"", "\"k_proj\"", "does not fit")]
    public void Adapters_that_do_not_fit_are_refused_by_name(string from, string to, string message)
    {
        using var folder = new TemporaryFolder();
        using var model = Load("llama-tied");
        File.Copy(Path.Combine(Golden, "adapter_model.safetensors"), folder["adapter_model.safetensors"]);
        File.WriteAllText(folder["adapter_config.json"], File.ReadAllText(Path.Combine(Golden, "adapter_config.json")).Replace(from, to, StringComparison.Ordinal));

        Should.Throw<InvalidInputException>(() => LoraAdapters.Load(model, folder.Path)).Message.ShouldContain(message);
        Should.Throw<InvalidInputException>(() => LoraAdapters.Attach(model, new LoraConfiguration { Rank = 1, Alpha = 1, TargetModules = ["c_attn"] }, 0)).Message.ShouldContain("q_proj");
    }

    private static CausalLanguageModel Load(string name) => CausalLanguageModel.Load(Repository.Golden("models", name));
}
