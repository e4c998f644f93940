using System.Text.Json;
using LamdAgent.Evaluation.Tests.Support;

namespace LamdAgent.Evaluation.Tests.Grading;

/// <summary>Every grader against the verdicts of the reference implementations.</summary>
public sealed class GoldenGraderTests
{
    [Theory]
    [InlineData("gsm8k", 0)]
    [InlineData("hendrycks_math", 0)]
    [InlineData("ifeval", 0)]
    [InlineData("minerva_math", 0)]
    [InlineData("multiple_choice", 1e-13)]
    [InlineData("multiple_choice_aggregate", 1e-13)]
    [InlineData("perplexity", 1e-13)]
    [InlineData("prompts", 0)]
    [InlineData("squad", 0)]
    [InlineData("squad_v2_aggregate", 0)]
    [InlineData("stop_strings", 0)]
    [InlineData("text_overlap", 1e-13)]
    [InlineData("tool_calls_ace", 0)]
    [InlineData("tool_calls_bfcl", 0)]
    [InlineData("triviaqa", 0)]
    public void Verdicts_equal_the_reference(string grader, double tolerance) =>
        GoldenRows.ShouldAgree(GraderCatalogue.Create(grader), $"{grader}.jsonl", tolerance);

    [Fact]
    public void Standard_errors_equal_the_reference() => GoldenRows.ShouldAgree(
        GraderCatalogue.Create("standard_errors"), "standard_errors.jsonl", 1e-13, row => !IsFreelyResampled(row));

    [Fact]
    public void Free_bootstraps_are_within_two_percent_of_the_reference() =>
        GoldenRows.ShouldAgree(GraderCatalogue.Create("standard_errors"), "standard_errors.jsonl", 0.02, IsFreelyResampled);

    private static bool IsFreelyResampled(JsonElement row) =>
        row.GetProperty("item").TryGetProperty("iterations", out _) && !row.GetProperty("item").TryGetProperty("resample_indices", out _);
}
