using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Generation;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Architectures;

/// <summary>The decoder against what transformers computes (tests/golden/models/README.md has the tolerances).</summary>
public sealed class GoldenModelTests
{
    public static TheoryData<string> Models => [.. Directory.GetDirectories(Repository.Golden("models")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_and_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = Load(name);
        var ids = golden["input_ids"];

        var logits = model.Forward(ids);
        logits.ShouldBeNear(golden["logits"], Compare.Logits, "logits");
        nn.functional.log_softmax(logits, -1).narrow(1, 0, ids.size(1) - 1).gather(2, ids.narrow(1, 1, ids.size(1) - 1).unsqueeze(-1)).squeeze(-1)
            .ShouldBeNear(golden["token_logprobs"], Compare.Logits, "token_logprobs");
        var states = model.HiddenStates(TokenBatch.FromRows([golden.Rows("input_ids")[0]]));
        for (var i = 0; i < states.Count; i++)
        {
            states[i].ShouldBeNear(golden[$"hidden.{i}"], Compare.Logits, $"hidden.{i}");
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Padded_rows_give_what_they_give_alone(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = Load(name);

        var logits = model.Forward(golden["padded.input_ids"], golden["padded.attention_mask"]);

        logits.ShouldBeNear(golden["padded.logits"], Compare.Logits, "padded.logits");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Old_config_spelling_means_the_same(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var folder = new TemporaryFolder();
        File.Copy(Repository.Golden("models", name, "model.safetensors"), folder["model.safetensors"]);
        File.Copy(Repository.Golden("models", name, "config.v4.json"), folder["config.json"]);
        using var model = CausalLanguageModel.Load(folder.Path);

        model.Forward(golden["input_ids"]).ShouldBeNear(golden["logits"], Compare.Logits, "logits");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_and_two_steps_of_AdamW(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = Load(name, trainable: true);
        var parameters = model.Parameters;
        var (first, second) = (zeros_like(parameters.Master), zeros_like(parameters.Master));

        for (var step = 1; step <= 2; step++)
        {
            var gradient = Gradient(model, golden["input_ids"], golden["labels"], out var loss);
            if (step == 1)
            {
                loss.ShouldBe(golden["loss"].item<float>(), Compare.Loss);
            }

            using (no_grad())
            {
                first.mul_(0.9).add_(gradient, 0.1);
                second.mul_(0.999).addcmul_(gradient, gradient, 0.001);
                parameters.Master.mul_(1 - (1e-3 * 0.01));
                parameters.Master.addcdiv_(first / (1 - Math.Pow(0.9, step)), (second / (1 - Math.Pow(0.999, step))).sqrt() + 1e-8, -1e-3);
                parameters.Changed();
            }

            var (grad, after) = step == 1 ? ("grad.", "adamw1.") : ("grad2.", "adamw2.");
            var compared = golden.Names.Where(n => n.StartsWith(grad, StringComparison.Ordinal)).Select(n => n[grad.Length..]).ToList();
            compared.Count.ShouldBeGreaterThanOrEqualTo(3);
            foreach (var parameter in compared)
            {
                var piece = parameters.Piece(parameter);
                gradient.narrow(0, piece.Offset, piece.Length).view([.. piece.Shape]).ShouldBeNear(golden[grad + parameter], Compare.Gradient, grad + parameter);
                if (golden.Has(after + parameter))
                {
                    var known = Reliable(golden, parameter, step);
                    (parameters.View(piece) * known).ShouldBeNear(golden[after + parameter] * known, step == 1 ? 1e-6 : 2e-5, after + parameter);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_of_padded_rows(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = Load(name, trainable: true);

        Compare.NextTokenLoss(Logits(model, golden["padded.input_ids"], golden["padded.attention_mask"]), golden["padded.labels"]).backward();

        const string Prefix = "padded.grad.";
        foreach (var name1 in golden.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            Of(model.Parameters, name1[Prefix.Length..]).ShouldBeNear(golden[name1], Compare.Gradient, name1);
        }
    }

    // What a GPU computes with, here on the CPU.
    [Theory]
    [MemberData(nameof(Models))]
    public void Plain_operations_give_the_same(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name), new ModelLoading { Trainable = true, Fused = false });

        var logits = model.Forward(golden["padded.input_ids"], golden["padded.attention_mask"]);
        logits.ShouldBeNear(golden["padded.logits"], Compare.Logits, "padded.logits");
        Compare.NextTokenLoss(logits, golden["padded.labels"]).backward();

        const string Prefix = "padded.grad.";
        foreach (var gradient in golden.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            Of(model.Parameters, gradient[Prefix.Length..]).ShouldBeNear(golden[gradient], Compare.Gradient, gradient);
        }

        new TextGenerator(model).Generate(golden.Rows("gen.input_ids"), new GenerationSettings { MaxNewTokens = 16 })[0].Ids.ShouldBe(golden.Ids("gen.new_ids"));
    }

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("gemma2")]
    public void Packed_rows_do_not_see_each_other(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = Load(name, trainable: true);
        var borders = golden.Ids("packed.cu_seqlens");
        int[] lengths = [.. borders.Skip(1).Zip(borders, (end, start) => end - start)];

        var (hidden, head) = model.Forward(TokenBatch.FromPacked(golden.Ids("packed.input_ids"), lengths));
        var logits = head.Logits(hidden);
        logits.ShouldBeNear(golden["packed.logits"], Compare.Logits, "packed.logits");
        var loss = Compare.NextTokenLoss(logits, golden["packed.labels"]);
        loss.item<float>().ShouldBe(golden["packed.loss"].item<float>(), Compare.Loss);
        loss.backward();

        const string Prefix = "packed.grad.";
        foreach (var gradient in golden.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            Of(model.Parameters, gradient[Prefix.Length..]).ShouldBeNear(golden[gradient], Compare.Gradient, gradient);
        }
    }

    [Theory]
    [InlineData("llama-tied", "sharded")]
    [InlineData("gpt2", "unprefixed")]
    public void Shards_and_old_names_hold_the_same_model(string name, string variant)
    {
        using var scope = NewDisposeScope();
        using var golden = Expected(name);
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name, variant));

        model.Forward(golden["input_ids"]).ShouldBeNear(golden["logits"], Compare.Logits, "logits");
    }

    [Fact]
    public void Bfloat16_weights_and_bfloat16_computing()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(Repository.Golden("models", "qwen3", "expected-bf16.safetensors"));
        var folder = Repository.Golden("models", "qwen3", "bf16");
        using var wide = CausalLanguageModel.Load(folder);
        using var narrow = CausalLanguageModel.Load(folder, new ModelLoading { Dtype = ScalarType.BFloat16, EvenWhereSlow = true });
        narrow.Dtype.ShouldBe(ScalarType.BFloat16);
        var expected = golden["logits_float32_compute"];

        wide.Forward(golden["input_ids"]).ShouldBeNear(expected, Compare.Logits, "float32");
        var logits = narrow.Forward(golden["input_ids"]);
        logits.ShouldBeNear(expected, 0.25, "bfloat16");
        (logits - expected).abs().mean().item<float>().ShouldBeLessThan(0.03f);
        var reference = golden["logits_bfloat16_compute"].to(ScalarType.Float32);
        logits.ShouldBeNear(reference, 0.25, "transformers in bfloat16");
        (logits - reference).abs().mean().item<float>().ShouldBeLessThan(0.03f);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Saving_gives_back_the_names_and_bytes_that_came(string name)
    {
        using var folder = new TemporaryFolder();
        using var model = Load(name, trainable: true);

        model.Save(folder.Path);

        using var before = Checkpoint.Open(Repository.Golden("models", name));
        using var after = Checkpoint.Open(folder.Path);
        after.InOrder.Select(t => t.Name).ShouldBe(before.InOrder.Select(t => t.Name));
        foreach (var tensor in before.InOrder)
        {
            after.Tensor(tensor.Name).Bytes.SequenceEqual(tensor.Bytes).ShouldBeTrue(tensor.Name);
        }
    }

    private static GoldenTensors Expected(string name) => new(Repository.Golden("models", name, "expected.safetensors"));

    private static CausalLanguageModel Load(string name, bool trainable = false) =>
        CausalLanguageModel.Load(Repository.Golden("models", name), new ModelLoading { Trainable = trainable });

    private static Tensor Logits(CausalLanguageModel model, Tensor ids, Tensor? mask) => model.Forward(ids, mask);

    private static Tensor Gradient(CausalLanguageModel model, Tensor ids, Tensor labels, out double value)
    {
        model.Parameters.ClearGradient();
        var loss = Compare.NextTokenLoss(Logits(model, ids, null), labels);
        value = loss.item<float>();
        loss.backward();
        return model.Parameters.Gradient!;
    }

    private static Tensor Of(FlatParameters parameters, string name)
    {
        var piece = parameters.Piece(name);
        return parameters.Gradient!.narrow(0, piece.Offset, piece.Length).view([.. piece.Shape]);
    }

    // AdamW's first step is nearly the sign of the gradient: where a gradient is rounding noise nothing can be compared.
    private static Tensor Reliable(GoldenTensors golden, string parameter, int step)
    {
        var reliable = Large(golden["grad." + parameter]);
        return step == 1 ? reliable : reliable * Large(golden["grad2." + parameter]);

        Tensor Large(Tensor gradient) => step == 1 ? gradient.abs().ge(1e-4).logical_or(gradient.eq(0)).to(ScalarType.Float32) : gradient.abs().ge(1e-4).to(ScalarType.Float32);
    }
}
