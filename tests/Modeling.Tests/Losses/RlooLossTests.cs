using System.Text.Json;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class RlooLossTests
{
    public static TheoryData<string> LossCases => Names("rloo_loss");

    public static TheoryData<string> AdvantageCases => Names("rloo_advantages");

    [Theory]
    [MemberData(nameof(LossCases))]
    public void Loss_gradient_and_metrics_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("rloo_loss", name);
        var inputs = c.GetProperty("inputs");
        var logps = Flat(inputs.GetProperty("logps"), grad: true);
        var result = RlooLoss.Compute(
            Layout(inputs.GetProperty("logps")),
            logps,
            Flat(inputs.GetProperty("old_logps")),
            Flat(inputs.GetProperty("advantages")),
            Number(c.GetProperty("params"), "epsilon", 0.2),
            Maybe(c.GetProperty("params"), "epsilon_high"));
        result.Loss.backward();
        var expected = c.GetProperty("expected");
        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        logps.grad!.ShouldMatch(expected.GetProperty("grad_logps"));
        MetricsMatch(result.Metrics, expected.GetProperty("metrics"));
    }

    [Theory]
    [MemberData(nameof(AdvantageCases))]
    public void Advantages_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("rloo_advantages", name);
        var p = c.GetProperty("params");
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        double[]? kl = null;
        if (inputs.GetProperty("old_logps").ValueKind == JsonValueKind.Array)
        {
            var layout = Layout(inputs.GetProperty("old_logps"));
            var sums = layout.Sum(Flat(inputs.GetProperty("old_logps")) - Flat(inputs.GetProperty("ref_logps")));
            sums.ShouldMatch(expected.GetProperty("sequence_kl"), what: "sequence_kl");
            kl = sums.data<double>().ToArray();
        }

        var clip = p.GetProperty("reward_clip_range").ValueKind == JsonValueKind.Array ? Doubles(p.GetProperty("reward_clip_range")) : null;
        var rewards = GroupAdvantages.PenalizedRewards(GroupAdvantages.WeightedSums(GrpoLossTests.Rewards(c), Doubles(p.GetProperty("reward_weights"))), clip, kl, Number(p, "beta", 0.05));
        var advantages = GroupAdvantages.LeaveOneOut(rewards, p.GetProperty("num_generations").GetInt32(), p.GetProperty("normalize_advantages").GetBoolean());
        tensor(advantages).ShouldMatch(expected.GetProperty("advantages"), what: "advantages");
    }
}
