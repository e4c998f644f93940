using LamdAgent.Evaluation.Tests.Support;

namespace LamdAgent.Evaluation.Tests.Grading;

/// <summary>Every grader against the verdicts of the reference implementations.</summary>
public sealed class GoldenGraderTests
{
    [Theory]
    [InlineData("gsm8k", 0)]
    [InlineData("tool_calls_ace", 0)]
    [InlineData("tool_calls_bfcl", 0)]
    public void Verdicts_equal_the_reference(string grader, double tolerance) =>
        GoldenRows.ShouldAgree(GraderCatalogue.Create(grader), $"{grader}.jsonl", tolerance);
}
