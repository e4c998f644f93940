using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class KtoAndRewardLossTests
{
    public static TheoryData<string> KtoCases => Names("kto");

    public static TheoryData<string> RewardCases => Names("reward_model");

    [Theory]
    [MemberData(nameof(KtoCases))]
    public void Kto_is_that_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("kto", name);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var p = c.GetProperty("params");
        var layout = Layout(inputs.GetProperty("logps"));
        var logps = Flat(inputs.GetProperty("logps"), grad: true);
        var lossType = Word(p, "loss_type", "kto");
        var kl = lossType == "kto"
            ? Layout(inputs.GetProperty("kl_logps")).Sum(Flat(inputs.GetProperty("kl_logps")) - Flat(inputs.GetProperty("kl_ref_logps")))
            : null;
        var result = KtoLoss.Compute(
            layout,
            logps,
            Flat(inputs.GetProperty("ref_logps")),
            [.. inputs.GetProperty("label").EnumerateArray().Select(l => l.GetBoolean())],
            kl,
            new PreferenceSettings
            {
                Beta = Number(p, "beta", 0.1),
                LossType = [lossType],
                DesirableWeight = Number(p, "desirable_weight", 1),
                UndesirableWeight = Number(p, "undesirable_weight", 1),
            });
        result.Loss.backward();
        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        logps.grad!.ShouldMatch(expected.GetProperty("grad_logps"));
        MetricsMatch(result.Metrics, expected.GetProperty("metrics"));
    }

    [Theory]
    [MemberData(nameof(RewardCases))]
    public void Reward_model_loss_is_that_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("reward_model", name);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var chosen = Flat(inputs.GetProperty("rewards_chosen"), grad: true);
        var rejected = Flat(inputs.GetProperty("rewards_rejected"), grad: true);
        var margin = inputs.GetProperty("margin").ValueKind == System.Text.Json.JsonValueKind.Array ? Flat(inputs.GetProperty("margin")) : null;
        var result = RewardModelLoss.Compute(chosen, rejected, margin, Maybe(c.GetProperty("params"), "center_rewards_coefficient"));
        result.Loss.backward();
        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        chosen.grad!.ShouldMatch(expected.GetProperty("grad_chosen"));
        rejected.grad!.ShouldMatch(expected.GetProperty("grad_rejected"));
        MetricsMatch(result.Metrics, expected.GetProperty("metrics"));
    }
}
