using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class CpoAndOrpoLossTests
{
    public static TheoryData<string> SequenceCases => Names("cpo_orpo_sequence");

    public static TheoryData<string> LogitCases => Names("cpo_orpo_from_logits");

    [Theory]
    [MemberData(nameof(SequenceCases))]
    public void Per_pair_losses_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("cpo_orpo_sequence", name);
        var expected = c.GetProperty("expected");
        var a = Flat(c.GetProperty("inputs").GetProperty("chosen"), grad: true);
        var b = Flat(c.GetProperty("inputs").GetProperty("rejected"), grad: true);
        var beta = c.GetProperty("params").GetProperty("beta").GetDouble();
        var perPair = c.GetProperty("trainer").GetString() == "ORPO" ? OrpoLoss.PerPair(a, b, beta).PerPair : CpoLoss.PerPair(a, b, Settings(c.GetProperty("params")));
        perPair.mean().backward();

        // TRL's ORPO function returns beta * log sigmoid, which its trainer subtracts.
        (c.GetProperty("trainer").GetString() == "ORPO" ? perPair.abs() : perPair).ShouldMatch(Absolute(c, expected), what: "per_pair");
        SignedGradient(a.grad!, c, expected, "grad_chosen");
        SignedGradient(b.grad!, c, expected, "grad_rejected");
        (a * beta).ShouldMatch(expected.GetProperty("chosen_rewards"), what: "chosen_rewards");
    }

    [Theory]
    [MemberData(nameof(LogitCases))]
    public void From_logits_the_numbers_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("cpo_orpo_from_logits", name);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var logits = Shaped(inputs.GetProperty("logits"), grad: true);
        var picked = new PickedLogits(inputs.GetProperty("input_ids"), inputs.GetProperty("labels"), label => label != -100);
        var (chosen, rejected) = picked.Halves();
        var logps = picked.Logps(logits);
        var split = chosen.Lengths.Sum();
        LossResult result;
        if (c.GetProperty("trainer").GetString() == "ORPO")
        {
            var every = new PickedLogits(inputs.GetProperty("input_ids"), inputs.GetProperty("attention_mask"));
            var all = every.Logps(logits);
            var chosenSide = all[..every.Halves().Chosen.Lengths.Sum()];
            result = OrpoLoss.Compute(chosen, rejected, logps[..split], logps[split..], -chosenSide.mean(), c.GetProperty("params").GetProperty("beta").GetDouble());
        }
        else
        {
            result = CpoLoss.Compute(chosen, rejected, logps[..split], logps[split..], Settings(c.GetProperty("params")));
        }

        result.Loss.backward();
        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        logits.grad!.ShouldMatch(expected.GetProperty("grad_logits"));
        MetricsMatch(result.Metrics, expected.GetProperty("metrics"), elsewhere: ["logits/chosen", "logits/rejected"]);
    }

    private static JsonElement Absolute(JsonElement c, JsonElement expected)
    {
        var perPair = expected.GetProperty("per_pair");
        return c.GetProperty("trainer").GetString() == "ORPO"
            ? JsonDocument.Parse("[" + string.Join(',', Doubles(perPair).Select(x => Math.Abs(x).ToString("R"))) + "]").RootElement
            : perPair;
    }

    private static void SignedGradient(Tensor gradient, JsonElement c, JsonElement expected, string name)
    {
        // Recorded with respect to the mean of what TRL's function returns: for ORPO that may carry the opposite sign of the loss term.
        var want = expected.GetProperty(name);
        var orpo = c.GetProperty("trainer").GetString() == "ORPO";
        var flip = orpo && Math.Sign(Doubles(want)[0]) != Math.Sign(gradient.data<double>()[0]);
        (flip ? -gradient : gradient).ShouldMatch(want, what: name);
    }

    private static PreferenceSettings Settings(JsonElement p) => new()
    {
        Beta = Number(p, "beta", 0.1),
        LossType = [Word(p, "loss_type", "sigmoid")],
        LabelSmoothing = Number(p, "label_smoothing", 0),
        CpoAlpha = Number(p, "cpo_alpha", 1),
        SimpoGamma = Number(p, "simpo_gamma", 0.5),
        Alpha = Number(p, "alpha", 0),
    };
}
