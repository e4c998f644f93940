using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Tests.Specs;

namespace LamdAgent.Domain.Tests.Scores;

public sealed class ModelSelectionTests
{
    private static readonly SearchSpec Spec = SearchSpecReader.Parse(SearchSpecReaderTests.Yaml, "search.yaml", "/runs/x");

    private static ScoreSummary Score(double tools, double instructions) => ScoreSummary.Aggregate(Spec.Tasks, [
        new TaskScore { TaskId = "instructions", Score = instructions, StandardError = 0.03, Count = 100 },
        new TaskScore { TaskId = "tools", Score = tools, StandardError = 0.06, Count = 50 },
    ])!;

    [Fact]
    public void Scores_are_weighted_and_errors_add_in_squares()
    {
        var score = Score(0.5, 0.8);
        score.Score.ShouldBe((2 * 0.5 + 0.8) / 3, 1e-12);
        score.StandardError!.Value.ShouldBe(Math.Sqrt(0.12 * 0.12 + 0.03 * 0.03) / 3, 1e-12);
        score.Tasks.Select(t => t.TaskId).ShouldBe(["tools", "instructions"]);
    }

    [Fact]
    public void A_missing_task_is_no_score()
    {
        ScoreSummary.Aggregate(Spec.Tasks, [new TaskScore { TaskId = "tools", Score = 1, StandardError = 0, Count = 1 }]).ShouldBeNull();
        ScoreSummary.Aggregate(Spec.Tasks, null).ShouldBeNull();
    }

    [Fact]
    public void A_model_that_loses_more_than_the_limit_is_not_best()
    {
        var start = Score(0.1, 0.9);
        var greedy = ModelSelection.Judge(Spec, "m-0002", Score(1.0, 0.5), start);
        var careful = ModelSelection.Judge(Spec, "m-0003", Score(0.7, 0.88), start);
        var same = ModelSelection.Judge(Spec, "m-0004", Score(0.7, 0.88), start);

        greedy.Regressions.ShouldHaveSingleItem().TaskId.ShouldBe("instructions");
        careful.IsEligible.ShouldBeTrue();
        ModelSelection.Best([ModelSelection.Judge(Spec, "m-0001", start, start), greedy, careful, same])!.ModelId.ShouldBe("m-0003");
    }
}
