using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class DpoLossTests
{
    public static TheoryData<string> Cases => Names("dpo");

    public static TheoryData<string> LogitCases => Names("dpo_from_logits");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_gradient_and_metrics_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("dpo", name);
        var dtype = DType(c);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var chosen = Flat(inputs.GetProperty("chosen_logps"), dtype, grad: true);
        var rejected = Flat(inputs.GetProperty("rejected_logps"), dtype, grad: true);
        var result = DpoLoss.Compute(
            Layout(inputs.GetProperty("chosen_logps"), dtype),
            Layout(inputs.GetProperty("rejected_logps"), dtype),
            chosen,
            rejected,
            Flat(inputs.GetProperty("ref_chosen_logps"), dtype),
            Flat(inputs.GetProperty("ref_rejected_logps"), dtype),
            Settings(c.GetProperty("params")));
        result.Loss.backward();

        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"), dtype);
        chosen.grad!.ShouldMatch(expected.GetProperty("grad_chosen_logps"), dtype);
        rejected.grad!.ShouldMatch(expected.GetProperty("grad_rejected_logps"), dtype);
        MetricsMatch(result.Metrics, expected.GetProperty("metrics"), dtype);
    }

    [Theory]
    [MemberData(nameof(LogitCases))]
    public void From_logits_the_numbers_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("dpo_from_logits", name);
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var settings = Settings(c.GetProperty("params"));
        var logits = Shaped(inputs.GetProperty("policy_logits"), grad: true);
        var picked = new PickedLogits(inputs.GetProperty("input_ids"), inputs.GetProperty("completion_mask"));
        var (chosen, rejected) = picked.Halves();
        var policy = picked.Logps(logits);
        var reference = picked.Logps(Shaped(inputs.GetProperty("ref_logits")));
        var split = chosen.Lengths.Sum();
        var excess = policy.detach() - (nn.functional.log_softmax(picked.Rows(logits).detach(), -1) * 2).exp().sum(-1).log();
        var weights = settings.UseWeighting ? DpoLoss.PolicyWeights(chosen, rejected, excess[..split], excess[split..]) : null;
        var result = DpoLoss.Compute(chosen, rejected, policy[..split], policy[split..], reference[..split], reference[split..], settings, weights);
        result.Loss.backward();

        result.Loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        logits.grad!.ShouldMatch(expected.GetProperty("grad_policy_logits"));
        var metrics = expected.GetProperty("metrics");
        MetricsMatch(result.Metrics, metrics, elsewhere: ["entropy", "num_tokens", "logits/chosen", "logits/rejected", "mean_token_accuracy"]);
        TokenLoss.Entropy(picked.Rows(logits)).mean().ToDouble().ShouldMatch(metrics.GetProperty("entropy"));
        picked.Rows(logits)[..split].mean().ToDouble().ShouldMatch(metrics.GetProperty("logits/chosen"));
        picked.Rows(logits)[split..].mean().ToDouble().ShouldMatch(metrics.GetProperty("logits/rejected"));
        picked.Rows(logits)[..split].argmax(-1).eq(picked.Targets[..split]).to(ScalarType.Float64).mean().ToDouble()
            .ShouldMatch(metrics.GetProperty("mean_token_accuracy"));
    }

    private static PreferenceSettings Settings(JsonElement p) => new()
    {
        Beta = Number(p, "beta", 0.1),
        LossType = [.. p.GetProperty("loss_type").EnumerateArray().Select(t => t.GetString()!)],
        LossWeights = p.TryGetProperty("loss_weights", out var w) && w.ValueKind == JsonValueKind.Array ? Doubles(w) : null,
        LabelSmoothing = Number(p, "label_smoothing", 0),
        FDivergenceType = Word(p, "f_divergence_type", "reverse_kl"),
        FAlphaDivergenceCoef = Number(p, "f_alpha_divergence_coef", 0.5),
        DiscopopTau = Number(p, "discopop_tau", 0.05),
        LdAlpha = Maybe(p, "ld_alpha"),
        UseWeighting = p.TryGetProperty("use_weighting", out var use) && use.GetBoolean(),
    };
}
