using System.Text.Json;
using System.Xml.Linq;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Reports;
using LamdAgent.Planner.Searches;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Reports;

public sealed class SearchReportTests
{
    private static async Task<(SearchReport Report, SearchHarness Search)> MakeAsync(Func<StepRecord, StepFailure?>? fails = null, string? yaml = null)
    {
        var search = new SearchHarness(yaml ?? SearchHarness.Yaml) { Fails = fails ?? (_ => null) };
        await search.RunAsync();
        return ((await ReportBuilder.BuildAsync(search.Store, "toy", m => "/run/models/" + m.Artifact, default))!, search);
    }

    [Fact]
    public async Task The_json_has_what_was_promised()
    {
        var (report, search) = await MakeAsync(s => s.Id == "s-0005" ? new StepFailure(StepFailureKind.MergeRejected, "shapes differ") : null);
        using var json = JsonDocument.Parse(ReportFiles.ToJson(report));
        var root = json.RootElement;

        root.GetProperty("run").GetString().ShouldBe("toy");
        foreach (var name in new[] { "base", "plain_sft", "best" })
        {
            var model = root.GetProperty(name);
            model.GetProperty("model").GetString().ShouldNotBeNullOrEmpty();
            model.GetProperty("path").GetString().ShouldStartWith("/run/models/");
            foreach (var split in new[] { "validation", "test" })
            {
                model.GetProperty(split).GetProperty("score").GetDouble().ShouldBeGreaterThan(0);
                model.GetProperty(split).GetProperty("stderr").GetDouble().ShouldBeGreaterThan(0);
                model.GetProperty(split).GetProperty("tasks").GetProperty("tools").GetProperty("score").GetDouble().ShouldBeGreaterThan(0);
            }
        }

        root.GetProperty("base").GetProperty("test").GetProperty("tasks").GetProperty("tools").GetProperty("score").GetDouble().ShouldBe(0.04, 1e-9);
        var steps = root.GetProperty("steps").EnumerateArray().ToList();
        steps.Count.ShouldBe(8);
        steps[0].GetProperty("id").GetString().ShouldBe("s-0001");
        steps[0].GetProperty("action_type").GetString().ShouldBe("sft");
        steps[0].GetProperty("objects").GetProperty("datasets")[0].GetString().ShouldBe("tools");
        steps[0].GetProperty("state").GetString().ShouldBe("scored");
        steps[0].GetProperty("seconds").GetDouble().ShouldBe(2);
        steps[4].GetProperty("state").GetString().ShouldBe("failed");
        steps[4].GetProperty("score").ValueKind.ShouldBe(JsonValueKind.Null);
        steps[4].GetProperty("failure").GetString().ShouldBe("shapes differ");
        (await search.Steps()).Count(s => s.Role == StepRole.Final && s.ModelId == report.Best!.Model).ShouldBe(1);
    }

    [Fact]
    public async Task The_files_are_written_and_the_picture_is_well_formed()
    {
        using var folder = new TemporaryFolder();
        var (report, _) = await MakeAsync(s => s.Id == "s-0005" ? new StepFailure(StepFailureKind.MergeRejected, "<script>|`x`") : null);
        var path = ReportFiles.Write(report, folder["out"]);

        Directory.GetFiles(folder["out"]).Select(Path.GetFileName).Order().ShouldBe(["pipeline.yaml", "report.json", "report.md", "score-curve.svg"]);
        var svg = XDocument.Load(folder["out", "score-curve.svg"]);
        XNamespace ns = "http://www.w3.org/2000/svg";
        svg.Root!.Name.ShouldBe(ns + "svg");
        svg.Descendants(ns + "title").Count(t => t.Value.StartsWith("s-000", StringComparison.Ordinal)).ShouldBe(8);
        svg.Descendants(ns + "script").ShouldBeEmpty();

        if (Environment.GetEnvironmentVariable("LAMD_KEEP_REPORT") is { } keep)
        {
            ReportFiles.Write(report, keep);
        }

        var markdown = await File.ReadAllTextAsync(path);
        markdown.ShouldContain("| **best** | `" + report.Best!.Model);
        markdown.ShouldContain("flowchart LR");
        markdown.ShouldNotContain("<script>");
        markdown.ShouldContain("beyond two standard errors");
    }

    [Fact]
    public async Task The_pipeline_makes_the_best_model_from_the_base()
    {
        var (report, search) = await MakeAsync();
        var pipeline = PipelineRecipe.Parse(report.Pipeline!.ToYaml(), "pipeline.yaml", "/");

        pipeline.Result.ShouldBe(report.Best!.Model);
        pipeline.Models.ShouldHaveSingleItem().ShouldBe(new PipelineInput("m-0001", "/spec/base", "base digest", "base"));
        pipeline.Steps[^1].Output.ShouldBe(report.Best.Model);
        var known = new HashSet<string> { "m-0001" };
        foreach (var step in pipeline.Steps)
        {
            step.Action.Models.ShouldAllBe(m => known.Contains(m));
            known.Add(step.Output);
            step.Digest.ShouldBe("digest of " + (await search.Steps()).First(s => s.ModelId == step.Output).ActionKey);
        }
    }

    [Fact]
    public async Task Weights_of_the_best_and_of_what_it_descends_from_are_kept()
    {
        var (report, search) = await MakeAsync();
        var models = await search.Store.ListModelsAsync("toy", default);
        var plan = RetentionPlan.For(await search.SnapshotAsync(), models, finalists: 1);

        plan.Keep.ShouldContain("m-0001");
        plan.Keep.ShouldContain("ref-sft");
        report.Lineage.ShouldAllBe(n => plan.Keep.Contains(n.Model));
        plan.Prune.ShouldNotBeEmpty();
        plan.Keep.Concat(plan.Prune).Order().ShouldBe(models.Select(m => m.Id).Order());
        RetentionPlan.For(await search.SnapshotAsync(), models, finalists: 100).Prune.ShouldBeEmpty();
    }

    [Fact]
    public async Task When_nothing_beats_the_base_the_report_says_so()
    {
        var (report, _) = await MakeAsync(s => s.Role == StepRole.Search || s.Id == "r-0002" ? new StepFailure(StepFailureKind.TrainingDiverged, "nan") : null);

        report.Best!.Model.ShouldBe("m-0001");
        report.PlainSft!.Test.ShouldBeNull();
        report.Pipeline!.Steps.ShouldBeEmpty();
        MarkdownReport.Verdict(report).ShouldContain("the base stays the best");
        XDocument.Parse(ScoreCurve.Draw(report)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_search_under_way_or_failed_has_a_report_too()
    {
        var search = new SearchHarness();
        await search.AdvanceAsync();
        var early = (await ReportBuilder.BuildAsync(search.Store, "toy", _ => null, default))!;
        early.Best.ShouldBeNull();
        MarkdownReport.Write(early).ShouldContain("no score yet");
        XDocument.Parse(ScoreCurve.Draw(early)).ShouldNotBeNull();

        var (failed, _) = await MakeAsync(s => s.Id == "r-0001" ? new StepFailure(StepFailureKind.EvaluationRejected, "no items") : null);
        failed.Status.ShouldBe(SearchStatus.Failed);
        MarkdownReport.Verdict(failed).ShouldBe("The search failed: the base model could not be scored: no items.");
        (await ReportBuilder.BuildAsync(search.Store, "other", _ => null, default)).ShouldBeNull();
    }
}
