using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class PpoLossTests
{
    public static TheoryData<string> Cases => Names("ppo");

    public static TheoryData<string> StatisticCases => Names("ppo_masked_statistics");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rewards_advantages_losses_and_gradients_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("ppo", name);
        var p = c.GetProperty("params");
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var settings = new PpoSettings
        {
            KlCoef = Number(p, "kl_coef", 0.05),
            KlEstimator = Word(p, "kl_estimator", "k1"),
            Cliprange = Number(p, "cliprange", 0.2),
            VfCoef = Number(p, "vf_coef", 0.1),
            CliprangeValue = Number(p, "cliprange_value", 0.2),
            Gamma = Number(p, "gamma", 1),
            Lam = Number(p, "lam", 0.95),
            WhitenRewards = p.GetProperty("whiten_rewards").GetBoolean(),
        };
        var rollout = PpoLoss.Prepare(
            Shaped(inputs.GetProperty("old_logprobs")),
            Shaped(inputs.GetProperty("ref_logprobs")),
            Shaped(inputs.GetProperty("values")),
            Doubles(inputs.GetProperty("scores")),
            [.. inputs.GetProperty("last_token_index").EnumerateArray().Select(i => i.GetInt32())],
            settings);
        var logps = Shaped(inputs.GetProperty("new_logprobs"), grad: true);
        var values = Shaped(inputs.GetProperty("new_values"), grad: true);
        var result = PpoLoss.Compute(rollout, logps, values, settings);
        result.Loss.backward();

        rollout.TokenRewards.ShouldMatch(expected.GetProperty("token_rewards"), what: "token_rewards");
        rollout.NonScoreReward.ShouldMatch(expected.GetProperty("non_score_reward"), what: "non_score_reward");
        rollout.Returns.ShouldMatch(expected.GetProperty("returns"), what: "returns");
        rollout.Advantages.ShouldMatch(expected.GetProperty("advantages"), what: "advantages");
        rollout.MeanKl.ShouldMatch(expected.GetProperty("mean_kl"), what: "mean_kl");
        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        logps.grad!.ShouldMatch(expected.GetProperty("grad_new_logprobs"));
        values.grad!.ShouldMatch(expected.GetProperty("grad_new_values"));
        foreach (var metric in (string[])["pg_loss", "vf_loss", "pg_clipfrac", "vf_clipfrac", "approxkl"])
        {
            result.Metrics[metric].ShouldMatch(expected.GetProperty(metric), what: metric);
        }
    }

    [Theory]
    [MemberData(nameof(StatisticCases))]
    public void Masked_statistics_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("ppo_masked_statistics", name);
        var values = Shaped(c.GetProperty("inputs").GetProperty("values"));
        var mask = Shaped(c.GetProperty("inputs").GetProperty("mask"));
        var expected = c.GetProperty("expected");
        PpoLoss.MaskedMean(values, mask).ToDouble().ShouldMatch(expected.GetProperty("masked_mean"));
        PpoLoss.MaskedVariance(values, mask).ToDouble().ShouldMatch(expected.GetProperty("masked_var_unbiased"));
        PpoLoss.Whiten(values, mask).ShouldMatch(expected.GetProperty("whiten"));
        PpoLoss.Whiten(values, mask, keepMean: true).ShouldMatch(expected.GetProperty("whiten_keep_mean"));
    }
}
