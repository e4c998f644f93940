using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class TokenLossTests
{
    public static TheoryData<string> Cases => Names("sft");

    public static TheoryData<string> NeftuneCases => Names("neftune");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Accumulated_micro_batches_give_the_losses_and_gradients_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("sft", name);
        var items = c.GetProperty("num_items_in_batch").GetDouble();
        double total = 0, totalDft = 0;
        foreach (var micro in c.GetProperty("micro_batches").EnumerateArray())
        {
            var inputs = micro.GetProperty("inputs");
            var expected = micro.GetProperty("expected");
            total += Check(inputs, expected, "accumulated", TokenLoss.Nll, items);
            totalDft += Check(inputs, expected, "dft_accumulated", TokenLoss.Dft, items);
            var picked = new PickedLogits(inputs.GetProperty("input_ids"), inputs.GetProperty("labels"), label => label != -100);
            if (picked.Targets.numel() > 0)
            {
                Check(inputs, expected, "alone", TokenLoss.Nll, picked.Targets.numel());
                Check(inputs, expected, "dft_alone", TokenLoss.Dft, picked.Targets.numel());
            }
        }

        total.ShouldMatch(c.GetProperty("expected").GetProperty("total_loss"));
        totalDft.ShouldMatch(c.GetProperty("expected").GetProperty("total_dft_loss"));
    }

    [Theory]
    [MemberData(nameof(NeftuneCases))]
    public void Neftune_noise_is_that_of_transformers(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("neftune", name);
        var p = c.GetProperty("params");
        var bound = NeftuneNoise.Bound(p.GetProperty("neftune_noise_alpha").GetDouble(), p.GetProperty("seq_len").GetInt64(), p.GetProperty("dim").GetInt64());
        bound.ShouldMatch(c.GetProperty("expected").GetProperty("uniform_bound"));
        if (c.TryGetProperty("inputs", out var inputs) && inputs.TryGetProperty("embeddings", out var embeddings))
        {
            NeftuneNoise.Add(Shaped(embeddings), Shaped(inputs.GetProperty("unit_noise")), bound).ShouldMatch(c.GetProperty("expected").GetProperty("output"));
        }
    }

    private static double Check(
        System.Text.Json.JsonElement inputs, System.Text.Json.JsonElement expected, string kind, Func<Tensor, double, Tensor> lossOf, double items)
    {
        if (expected.GetProperty(kind).ValueKind != System.Text.Json.JsonValueKind.Object)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        var logits = Shaped(inputs.GetProperty("logits"), grad: true);
        var picked = new PickedLogits(inputs.GetProperty("input_ids"), inputs.GetProperty("labels"), label => label != -100);
        var loss = lossOf(picked.Logps(logits), items);
        loss.backward();
        loss.ToDouble().ShouldMatch(expected.GetProperty(kind).GetProperty("loss"), what: kind);
        logits.grad!.ShouldMatch(expected.GetProperty(kind).GetProperty("grad_logits"), what: kind);
        return loss.ToDouble();
    }
}
