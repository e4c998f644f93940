using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Architectures;

public sealed class LayerRecomputationTests
{
    private static readonly TokenBatch Batch = TokenBatch.FromRows([[.. Enumerable.Range(1, 40)], [.. Enumerable.Range(50, 12)]]);

    [Theory]
    [InlineData("llama-bias")]
    [InlineData("gemma2")]
    [InlineData("gpt2")]
    public void Gradients_are_those_of_keeping_everything(string name)
    {
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name), new ModelLoading { Trainable = true });

        var kept = Gradient(model, model.Parameters, recompute: false);
        var again = Gradient(model, model.Parameters, recompute: true);

        again.ShouldBeNear(kept, 1e-6, "gradient");
    }

    [Fact]
    public void Dropout_draws_the_same_masks_again()
    {
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "qwen2"));
        using var adapters = LoraAdapters.Attach(model, new LoraConfiguration { Rank = 4, Alpha = 8, Dropout = 0.3, TargetModules = [LoraConfiguration.AllLinear], UseDora = true }, seed: 1);
        using (no_grad())
        {
            adapters.Parameters.Master.add_(0.02);
            adapters.Parameters.Changed();
        }

        var kept = Gradient(model, adapters.Parameters, recompute: false);
        var again = Gradient(model, adapters.Parameters, recompute: true);

        again.ShouldBeNear(kept, 1e-6, "gradient");
        again.abs().max().item<float>().ShouldBeGreaterThan(1e-3f);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thousand_training_steps_leave_no_tensor_behind(bool recompute)
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "llama-tied"), new ModelLoading { Trainable = true });
        using var scope = NewDisposeScope();
        var rows = TokenBatch.FromRows([[1, 2, 3], [4, 5]]);
        var before = 0L;
        for (var step = 0; step < 1000; step++)
        {
            using (NewDisposeScope())
            {
                var (hidden, head) = model.Forward(rows, recompute: recompute);
                head.Logits(hidden).square().mean().backward();
                using var noGrad = no_grad();
                model.Parameters.Master.sub_(model.Parameters.Gradient! * 1e-4);
                model.Parameters.Changed();
                model.Parameters.ClearGradient();
            }

            before = step == 20 ? DisposeScopeManager.Statistics.ThreadTotalLiveCount : before;
        }

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
    }

    private static Tensor Gradient(CausalLanguageModel model, FlatParameters parameters, bool recompute)
    {
        parameters.ClearGradient();
        using var dropout = new Generator(7, CPU);
        var (hidden, head) = model.Forward(Batch, dropout: dropout, recompute: recompute);
        head.Logits(hidden).square().mean().backward();
        return parameters.Gradient!.clone();
    }
}
