using System.Diagnostics;
using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Losses;
using LamdAgent.Modeling.Native;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class HeadPassTests
{
    [Theory]
    [InlineData("llama-untied", 1.0)]
    [InlineData("llama-tied", 0.7)]
    [InlineData("gemma2", 1.3)] // soft cap on the logits
    [InlineData("granite", 1.0)] // divided logits
    public void Gradients_written_out_are_those_of_autograd(string name, double temperature)
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name), new ModelLoading { Trainable = true });
        var rows = Enumerable.Range(0, 3).Select(r => Enumerable.Range(0, 9 + r).Select(i => 3 + (((r * 31) + (i * 17)) % 280)).ToArray()).ToList();
        var batch = TargetBatch.FromLabels([.. rows.Select(r => (r, r.Select((id, i) => i < 4 ? -100 : id).ToArray()))]);
        var weights = tensor(Enumerable.Range(0, batch.TargetCount).Select(i => (float)Math.Sin(i + 1)).ToArray()).clone();

        var output = model.Forward(batch.Tokens);
        var logits = output.Head.Logits(output.Hidden.index_select(0, batch.PositionTensor(CPU))).to(ScalarType.Float32) / temperature;
        var logps = TokenLoss.LogProbabilities(logits, batch.TargetTensor(CPU));
        var entropy = TokenLoss.Entropy(logits);
        ((logps * weights).sum() + (entropy * weights).sum()).backward();
        var expected = model.Parameters.Gradient!.clone();
        model.Parameters.ClearGradient();

        var pass = new HeadPass(model.Forward(batch.Tokens), batch, CPU, temperature);
        var scores = pass.Score(entropies: true);
        pass.Backward(weights, weights);
        (scores.Logps - logps.detach()).abs().max().ToDouble().ShouldBeLessThan(1e-5);
        (scores.Entropies! - entropy.detach()).abs().max().ToDouble().ShouldBeLessThan(1e-4);
        (model.Parameters.Gradient! - expected).abs().max().ToDouble().ShouldBeLessThan(1e-4);
        model.Parameters.ClearGradient();
    }

    // 1,024 tokens at a vocabulary of 256k: logits and their gradient in float32 would take 1 GB each, and the usual autograd loop holds about four such.
    [Fact]
    public void A_large_vocabulary_never_has_all_its_logits_in_memory()
    {
        TorchRuntime.Initialize();
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder["config.json"],
            """{"model_type": "llama", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 262144, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "hidden_act": "silu", "initializer_range": 0.02, "torch_dtype": "float32"}""");
        using var model = CausalLanguageModel.Create(ModelConfig.Read(folder.Path), 1, new ModelLoading { Trainable = true });
        var rows = Enumerable.Range(0, 16).Select(r => Enumerable.Range(0, 64).Select(i => (r * 6151) + (i * 97)).ToArray()).ToList();
        var batch = TargetBatch.FromLabels([.. rows.Select(r => (r, r))]);
        var before = Process.GetCurrentProcess().PeakWorkingSet64;
        using (NewDisposeScope())
        {
            new HeadPass(model.Forward(batch.Tokens), batch, CPU).ScoreAndBackward(logps => ones_like(logps), entropies: true);
        }

        // Chunks of 64 MB with a handful of temporaries, and the gradient of 4M weights; other tests of this process may grow meanwhile.
        (Process.GetCurrentProcess().PeakWorkingSet64 - before).ShouldBeLessThan(900L << 20);
        model.Parameters.ClearGradient();
    }

    [Fact]
    public void A_thousand_steps_leave_no_native_tensor_behind()
    {
        TorchRuntime.Initialize(1);
        using var model = CausalLanguageModel.Load(TestTraining.Model, new ModelLoading { Trainable = true });
        using var optimizer = new Modeling.Optimization.AdamW(model.Parameters, new());
        int[] row = [5, 6, 7, 8];
        var batch = TargetBatch.FromLabels([(row, row)]);
        long afterFew = 0;
        for (var step = 0; step < 1000; step++)
        {
            using (NewDisposeScope())
            {
                new HeadPass(model.Forward(batch.Tokens), batch, CPU).ScoreAndBackward(logps => ones_like(logps).mul_(-1), entropies: true);
            }

            optimizer.Step(1e-4, 1);
            if (step == 10)
            {
                afterFew = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            }
        }

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(afterFew);
    }
}
