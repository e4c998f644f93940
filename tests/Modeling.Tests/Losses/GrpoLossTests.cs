using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class GrpoLossTests
{
    public static TheoryData<string> LossCases => Names("grpo_loss");

    public static TheoryData<string> AdvantageCases => Names("grpo_advantages");

    [Theory]
    [MemberData(nameof(LossCases))]
    public void Loss_gradient_and_metrics_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("grpo_loss", name);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var p = c.GetProperty("params");
        var training = !p.TryGetProperty("training", out var t) || t.GetBoolean();
        var layout = Layout(inputs.GetProperty("logps"));
        var logps = Flat(inputs.GetProperty("logps"), grad: true);
        var entropies = Optional(inputs, "entropies", grad: true);
        var batch = new GrpoBatch
        {
            Layout = layout,
            Advantages = Flat(inputs.GetProperty("advantages")),
            OldLogps = Optional(inputs, "old_logps"),
            RefLogps = Optional(inputs, "ref_logps"),
            Mask = Optional(inputs, "tool_mask"),
            Entropies = entropies,
            ImportanceSamplingRatio = Correction(inputs, layout),
            NumItemsInBatch = Number(inputs, "num_items_in_batch", 0),
            GradientAccumulationSteps = training ? (int)Number(p, "gradient_accumulation_steps", 1) : 1,
            MaxCompletionLength = (int)Number(p, "max_completion_length", 512),
        };
        var result = GrpoLoss.Compute(logps, batch, Settings(p));
        result.Loss.backward();

        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        if (training)
        {
            logps.grad!.ShouldMatch(expected.GetProperty("grad_logps"));
        }

        if (expected.TryGetProperty("grad_entropies", out var gradient))
        {
            entropies!.grad!.ShouldMatch(gradient);
        }

        MetricsMatch(result.Metrics, expected.GetProperty("metrics"));
    }

    [Theory]
    [MemberData(nameof(AdvantageCases))]
    public void Advantages_are_those_of_trl(string name)
    {
        var c = Case("grpo_advantages", name);
        var p = c.GetProperty("params");
        var (advantages, zero) = GroupAdvantages.Compute(
            Rewards(c),
            Doubles(p.GetProperty("reward_weights")),
            p.GetProperty("num_generations").GetInt32(),
            Word(p, "scale_rewards", "group"),
            Word(p, "multi_objective_aggregation", "sum_then_normalize"));
        var expected = c.GetProperty("expected");
        using var scope = NewDisposeScope();
        tensor(advantages).ShouldMatch(expected.GetProperty("advantages"), what: "advantages");
        if (expected.TryGetProperty("frac_reward_zero_std", out var frac))
        {
            zero.ShouldMatch(frac, what: "frac_reward_zero_std");
        }
    }

    internal static List<IReadOnlyList<double?>> Rewards(JsonElement c) =>
        [.. c.GetProperty("inputs").GetProperty("rewards_per_func").EnumerateArray()
            .Select(row => (IReadOnlyList<double?>)[.. row.EnumerateArray().Select(r => r.ValueKind == JsonValueKind.Null ? (double?)null : r.GetDouble())])];

    private static Tensor? Optional(JsonElement inputs, string key, bool grad = false) =>
        inputs.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? Flat(v, grad: grad) : null;

    // Per token, or one number per answer.
    private static Tensor? Correction(JsonElement inputs, CompletionLayout layout)
    {
        if (Optional(inputs, "importance_sampling_ratio") is not { } ratio)
        {
            return null;
        }

        return ratio.numel() == layout.Lengths.Sum() ? ratio : layout.Spread(ratio);
    }

    private static ReinforcementSettings Settings(JsonElement p) => new()
    {
        LossType = Word(p, "loss_type", "dapo"),
        Beta = Number(p, "beta", 0),
        Epsilon = Number(p, "epsilon", 0.2),
        EpsilonHigh = Maybe(p, "epsilon_high"),
        Delta = Maybe(p, "delta"),
        ImportanceSamplingLevel = Word(p, "importance_sampling_level", "token"),
        UseBiasCorrectionKl = p.TryGetProperty("use_bias_correction_kl", out var b) && b.GetBoolean(),
        TopEntropyQuantile = Number(p, "top_entropy_quantile", 1),
        EntropyCoef = Number(p, "entropy_coef", 0),
        OffPolicyMaskThreshold = Maybe(p, "off_policy_mask_threshold"),
    };
}
