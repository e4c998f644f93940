namespace LamdAgent.Evaluation.Tests;

public sealed class ScoreAggregatorTests
{
    [Fact]
    public void Scales_and_weights_become_alphas()
    {
        // MT-Bench from 0 to 10 and an accuracy, the accuracy counting three times.
        var alphas = ScoreAggregator.Alphas([(1, 0.1, true), (3, 1, true)]);
        alphas[0].ShouldBe(0.025, 1e-15);
        alphas[1].ShouldBe(0.75, 1e-15);
        var combined = ScoreAggregator.Combine([(alphas[0], 8, 0.4), (alphas[1], 0.6, 0.02)]);
        combined.Value.ShouldBe(0.65, 1e-15);
        combined.StandardError!.Value.ShouldBe(Math.Sqrt((0.01 * 0.01) + (0.015 * 0.015)), 1e-15);
    }

    [Fact]
    public void Without_a_tasks_error_the_sum_has_none() => ScoreAggregator.Combine([(1, 0.5, null), (1, 0.5, 0.1)]).StandardError.ShouldBeNull();

    [Fact]
    public void Nothing_is_not_zero() => Should.Throw<ArgumentException>(() => ScoreAggregator.Combine([]));
}
