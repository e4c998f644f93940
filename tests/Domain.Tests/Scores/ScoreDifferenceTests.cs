using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Tests.Scores;

public sealed class ScoreDifferenceTests
{
    [Theory]
    [InlineData(0.5, 0.03, 0.61, 0.04, true)]
    [InlineData(0.5, 0.03, 0.6, 0.04, false)]
    [InlineData(0.61, 0.03, 0.5, 0.04, true)]
    public void It_counts_from_two_standard_errors_on(double from, double fromError, double to, double toError, bool beyond)
    {
        var difference = ScoreDifference.Between((from, fromError), (to, toError));
        difference.Value.ShouldBe(to - from);
        difference.StandardError!.Value.ShouldBe(0.05, 1e-12);
        difference.IsBeyondNoise.ShouldBe(beyond);
    }

    [Fact]
    public void Without_a_standard_error_nothing_is_said_of_noise()
    {
        ScoreDifference.Between((0, null), (1, 0.01)).ShouldBe(new ScoreDifference(1, null));
        ScoreDifference.Between((0, 0.01), (1, null)).IsBeyondNoise.ShouldBeNull();
    }

    [Fact]
    public void An_unknown_standard_error_is_not_zero()
    {
        ScoreText.Of(0.5, 0.031).ShouldBe("0.500 ± 0.031");
        ScoreText.Of(1, null).ShouldBe("1.000 ± ?");
        var tasks = new[] { new TaskReference { Id = "a", Path = "a.yaml" }, new TaskReference { Id = "b", Path = "b.yaml" } };
        var scores = new[] { new TaskScore { TaskId = "a", Score = 1, StandardError = null, Count = 1 }, new TaskScore { TaskId = "b", Score = 0, StandardError = 0.1, Count = 9 } };
        ScoreSummary.Aggregate(tasks, scores).ShouldNotBeNull().StandardError.ShouldBeNull();
    }
}
