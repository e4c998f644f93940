using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Scoring;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Scoring;

public sealed class LogLikelihoodScorerTests
{
    [Theory]
    [InlineData("llama-tied")]
    [InlineData("gemma2")]
    [InlineData("granite")]
    public void Sums_are_those_of_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(Repository.Golden("models", name, "expected.safetensors"));
        using var model = CausalLanguageModel.Load(Repository.Golden("models", name));
        var rows = golden.Rows("input_ids");
        var logprobs = golden["token_logprobs"];
        (IReadOnlyList<int>, IReadOnlyList<int>)[] pairs = [(rows[0][..10], rows[0][10..]), (rows[1][..1], rows[1][1..]), (rows[0][..20], rows[0][20..21])];

        foreach (var tokensPerBatch in new[] { 1, 50, 1000 })
        {
            var scores = new LogLikelihoodScorer(model, tokensPerBatch).Score(pairs);

            scores[0].Sum.ShouldBe(logprobs[0].narrow(0, 9, 14).sum().item<float>(), 1e-3);
            scores[1].Sum.ShouldBe(logprobs[1].sum().item<float>(), 1e-3);
            scores[2].Sum.ShouldBe(logprobs[0][19].item<float>(), 1e-4);
            scores.Select(s => s.Tokens).ShouldBe([14, 23, 1]);
            scores.ShouldAllBe(s => !s.IsGreedy);
        }
    }

    [Fact]
    public void What_greedy_generation_gives_is_greedy()
    {
        using var golden = new GoldenTensors(Repository.Golden("models", "qwen2", "expected.safetensors"));
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "qwen2"));
        var (prompt, ids) = (golden.Ids("gen.input_ids"), golden.Ids("gen.new_ids"));

        new LogLikelihoodScorer(model).Score([(prompt, ids)])[0].IsGreedy.ShouldBeTrue();
        new LogLikelihoodScorer(model).Score([(prompt, [.. ids[..^1], (ids[^1] + 1) % 288])])[0].IsGreedy.ShouldBeFalse();
    }

    [Fact]
    public void An_empty_side_is_refused()
    {
        using var model = CausalLanguageModel.Load(Repository.Golden("models", "qwen2"));

        Should.Throw<InvalidInputException>(() => new LogLikelihoodScorer(model).Score([([], [1])])).Message.ShouldContain("pair 0");
    }
}
