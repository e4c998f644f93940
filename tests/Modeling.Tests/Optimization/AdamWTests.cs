using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Native;
using LamdAgent.Modeling.Optimization;
using LamdAgent.Modeling.Tests.Losses;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Optimization;

public sealed class AdamWTests
{
    public static TheoryData<string> ClippingCases => GoldenLosses.Names("grad_clipping");

    [Theory]
    [MemberData(nameof(ClippingCases))]
    public void Clipping_is_that_of_pytorch(string name)
    {
        using var scope = NewDisposeScope();
        var c = GoldenLosses.Case("grad_clipping", name);
        var p = c.GetProperty("params");
        var norm = p.GetProperty("norm_type").ValueKind == System.Text.Json.JsonValueKind.String ? double.PositiveInfinity : p.GetProperty("norm_type").GetDouble();
        var expected = c.GetProperty("expected");
        foreach (var dtype in (ScalarType[])[ScalarType.Float64, ScalarType.Float32])
        {
            var gradients = GoldenLosses.Flat(c.GetProperty("inputs").GetProperty("grads"), dtype).clone();
            var before = GradientClipping.Norm(gradients, norm);
            var tolerance = dtype == ScalarType.Float64 ? 1e-7 : 1e-5;
            GoldenLosses.Close(before, expected.GetProperty("total_norm_before").GetDouble(), tolerance, "norm");
            var clipped = (gradients * GradientClipping.Factor(before, p.GetProperty("max_norm").GetDouble())).to(ScalarType.Float64).data<double>().ToArray();
            var want = GoldenLosses.Doubles(expected.GetProperty("grads"));
            for (var i = 0; i < want.Length; i++)
            {
                GoldenLosses.Close(clipped[i], want[i], tolerance, $"gradient {i}");
            }
        }
    }

    [Fact]
    public void The_fused_update_is_that_of_torch()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "llama-untied"), new ModelLoading { Trainable = true });
        var settings = new OptimizationSettings { WeightDecay = 0.01 };
        using var ours = new AdamW(model.Parameters, settings);
        var matrices = model.Parameters.Layout.Pieces.Where(p => p.Shape.Count > 1).ToList();
        var vectors = model.Parameters.Layout.Pieces.Where(p => p.Shape.Count == 1).ToList();
        var theirs = model.Parameters.Layout.Pieces.ToDictionary(p => p.Name, p => new TorchSharp.Modules.Parameter(model.Parameters.View(p).clone()));
        var optimizer = optim.AdamW(
            [
                new TorchSharp.Modules.AdamW.ParamGroup(matrices.Select(p => theirs[p.Name]), new TorchSharp.Modules.AdamW.Options { LearningRate = 1e-2, weight_decay = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }),
                new TorchSharp.Modules.AdamW.ParamGroup(vectors.Select(p => theirs[p.Name]), new TorchSharp.Modules.AdamW.Options { LearningRate = 1e-2, weight_decay = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }),
            ],
            lr: 1e-2);
        for (var step = 0; step < 3; step++)
        {
            using var random = new Generator((ulong)step + 1, CPU);
            var gradient = randn(model.Parameters.Layout.Length, ScalarType.Float32, CPU, generator: random);
            (model.Parameters.Master * gradient).sum().backward();
            foreach (var piece in model.Parameters.Layout.Pieces)
            {
                theirs[piece.Name].grad = gradient.narrow(0, piece.Offset, piece.Length).view([.. piece.Shape]).clone();
            }

            ours.Step(1e-2, 1);
            optimizer.step();
        }

        foreach (var piece in model.Parameters.Layout.Pieces)
        {
            (model.Parameters.View(piece) - theirs[piece.Name].detach()).abs().max().ToDouble().ShouldBeLessThan(1e-6, piece.Name);
        }
    }

    // transformers decays everything that is neither a bias nor in a norm, DoRA's magnitudes too.
    [Fact]
    public void The_magnitudes_of_dora_decay()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "llama-untied"));
        using var adapters = LoraAdapters.Attach(model, new LoraConfiguration { Rank = 2, Alpha = 2, TargetModules = ["q_proj"], UseDora = true }, seed: 1);
        var piece = adapters.Parameters.Layout.Pieces.First(p => p.Kind == ParameterKind.Magnitude);
        var before = adapters.Parameters.View(piece).clone();
        using var optimizer = new AdamW(adapters.Parameters, new OptimizationSettings { WeightDecay = 0.5 });
        (adapters.Parameters.Master * 0).sum().backward();
        optimizer.Step(0.1, 1);
        (adapters.Parameters.View(piece) - (before * 0.95)).abs().max().ToDouble().ShouldBeLessThan(1e-6);
    }

    // Values from torch.optim.lr_scheduler.ReduceLROnPlateau.
    [Fact]
    public void A_plateau_lowers_the_rate_as_torch_does()
    {
        var settings = new OptimizationSettings
        {
            LrSchedulerKwargs = new Dictionary<string, double> { ["patience"] = 1, ["factor"] = 0.5, ["cooldown"] = 1, ["min_lr"] = 0.2, ["threshold"] = 0.1 },
        };
        var plateau = new PlateauReduction(1);
        var rates = new List<double>();
        foreach (var loss in (double[])[2, 1.9, 1.85, 1.7, 1.69, 1.68, 1.67, 1.66, 1.65, 1.64, 1.63, 1.62])
        {
            plateau = plateau.After(loss, settings);
            rates.Add(plateau.Rate);
        }

        rates.ShouldBe([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]);
    }
}
