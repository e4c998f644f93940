using System.Text.Json;
using LamdAgent.Domain.Steps;

[assembly: AssemblyFixture(typeof(LamdAgent.Standalone.Tests.FinishedSearch))]

namespace LamdAgent.Standalone.Tests;

public sealed class RunTests(FinishedSearch finished)
{
    private TinySearch Search => finished.Search;

    [Fact]
    public void A_run_trains_merges_evaluates_and_hands_over_a_model_a_recipe_and_a_report()
    {
        using var json = JsonDocument.Parse(finished.Output);
        var result = json.RootElement;
        var steps = result.GetProperty("steps").EnumerateArray().ToList();
        steps.Count.ShouldBe(TinySearch.Steps);
        steps.ShouldAllBe(step => step.GetProperty("state").GetString() == "scored");
        steps.Select(step => step.GetProperty("action_type").GetString()).ShouldContain(type => type == "linear" || type == "ties");
        foreach (var name in new[] { "base", "best" })
        {
            var model = result.GetProperty(name);
            Directory.Exists(model.GetProperty("path").GetString()).ShouldBeTrue();
            foreach (var split in new[] { "validation", "test" })
            {
                model.GetProperty(split).GetProperty("tasks").GetProperty("pick").GetProperty("count").GetInt32().ShouldBe(24);
            }
        }

        foreach (var file in new[] { "report.md", "report.json", "score-curve.svg", "pipeline.yaml", "best/config.json", "best/model.safetensors", "best/tokenizer.json" })
        {
            File.Exists(Search[FinishedSearch.Run, file]).ShouldBeTrue(file);
        }

        Directory.GetFileSystemEntries(Search[FinishedSearch.Run], "*.staging-*", SearchOption.AllDirectories).ShouldBeEmpty();
        finished.Errors.ShouldContain($"{TinySearch.Steps}/{TinySearch.Steps}");
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_ledger_though_it_was_killed_again_and_again()
    {
        const string run = "killed";
        var seen = 0;
        // Killed in the first training of the search (a checkpoint is there or not), after a few steps, and while it evaluates.
        Func<IReadOnlyList<StepRecord>, bool>[] moments =
        [
            steps => steps.Any(step => step.Role == StepRole.Search && step.State == StepState.Running),
            steps => steps.Count(step => step.Role == StepRole.Search && step.IsTerminal) > seen + 1,
            steps => steps.Any(step => step.Role == StepRole.Search && step.Number > 3 && step.State == StepState.Evaluating) || steps.Any(step => step.Role == StepRole.Final),
        ];
        for (var i = 0; i < moments.Length; i++)
        {
            using var lamd = i == 0 ? LamdProcess.Start(Search.Folder, "run", "search.yaml", "--out", run) : LamdProcess.Start(Search.Folder, "resume", run);
            await Search.WaitForStepsAsync(run, lamd, moments[i]);
            lamd.Kill();
            await lamd.WaitAsync();
            seen++;
        }

        var (code, output, errors) = await LamdProcess.RunAsync(Search.Folder, "resume", run);
        code.ShouldBe(0, errors);
        output.ShouldContain("best model");
        (await Search.LedgerAsync(run)).ShouldBe(finished.Ledger);
        Directory.GetFileSystemEntries(Search[run, "models"], "*.staging-*").ShouldBeEmpty();
    }

    [Fact]
    public async Task Ctrl_C_stops_and_says_how_to_go_on_and_nobody_else_may_drive_meanwhile()
    {
        const string run = "interrupted";
        using (var lamd = LamdProcess.Start(Search.Folder, "run", "search.yaml", "--out", run))
        {
            await Search.WaitForStepsAsync(run, lamd, steps => steps.Any(step => step.Role == StepRole.Search));
            var (busyCode, _, busyErrors) = await LamdProcess.RunAsync(Search.Folder, "resume", run);
            busyCode.ShouldBe(2);
            busyErrors.ShouldContain("another lamd is at work");
            (await LamdProcess.RunAsync(Search.Folder, "status", run)).Output.ShouldContain("running");
            lamd.Interrupt();
            (await lamd.WaitAsync()).ShouldBe(1, lamd.Errors);
            lamd.Errors.ShouldContain($"lamd resume {run}");
        }

        (await LamdProcess.RunAsync(Search.Folder, "status", run)).Output.ShouldContain("stopped");
        (await LamdProcess.RunAsync(Search.Folder, "resume", run)).Code.ShouldBe(0);
        (await Search.LedgerAsync(run)).ShouldBe(finished.Ledger);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_harms_nothing()
    {
        // A file system of its own with little room, where the system lets us make one.
        // Somebody else fills it as soon as the run has begun.
        const string script = "mkdir -p small && mount -t tmpfs -o size=20m tmpfs small && { \"$0\" run search.yaml --out small/run & }; "
            + "while [ ! -d small/run/models ]; do sleep 0.05; done; cat /dev/zero > small/filler 2>/dev/null; wait $!; code=$?; "
            + "rm small/filler; \"$0\" resume small/run --json > resumed.json 2>/dev/null; echo \"codes $code $?\"";
        using (var probe = LamdProcess.Start(Search.Folder, "unshare", ["-rm", "sh", "-c", "mkdir -p probe && mount -t tmpfs -o size=64k tmpfs probe"]))
        {
            Assert.SkipUnless(await probe.WaitAsync() == 0, "this system allows no private mounts: " + probe.Errors);
        }

        using var lamd = LamdProcess.Start(Search.Folder, "unshare", ["-rm", "sh", "-c", script, LamdProcess.Executable]);
        await lamd.WaitAsync();
        lamd.Output.ShouldContain("codes 2 0", customMessage: lamd.Errors);
        lamd.Errors.ShouldContain("the disk is full");
        lamd.Errors.ShouldContain("lamd resume small/run");
    }

    [Fact]
    public async Task Finished_runs_are_reported_again_and_their_models_shown_compared_exported_and_replayed()
    {
        (await LamdProcess.RunAsync(Search.Folder, "resume", FinishedSearch.Run)).Output.ShouldContain("best model");
        var best = JsonDocument.Parse((await LamdProcess.RunAsync(Search.Folder, "show", "best", "--run", FinishedSearch.Run, "--json")).Output).RootElement;
        best.GetProperty("path").GetString()!.ShouldStartWith(Search.Folder);
        (await LamdProcess.RunAsync(Search.Folder, "show", "m-0002", "--run", FinishedSearch.Run)).Output.ShouldContain("loss");
        (await LamdProcess.RunAsync(Search.Folder, "compare", "base", "best", "--run", FinishedSearch.Run)).Output.ShouldContain("test ", Case.Sensitive);
        (await LamdProcess.RunAsync(Search.Folder, "compare", "base", "m-9999", "--run", FinishedSearch.Run)).Errors.ShouldContain("m-9999");
    }

    [Fact]
    public async Task An_exported_model_is_whole_and_says_what_it_is()
    {
        (await LamdProcess.RunAsync(Search.Folder, "export", "m-0004", "--to", "exported", "--run", FinishedSearch.Run)).Code.ShouldBe(0);
        File.ReadAllText(Search["exported", "README.md"]).ShouldContain("m-0004");
        File.ReadAllBytes(Search["exported", "model.safetensors"]).ShouldBe(File.ReadAllBytes(Search[FinishedSearch.Run, "models", "m-0004", "model.safetensors"]));
        (await LamdProcess.RunAsync(Search.Folder, "export", "m-0004", "--to", "exported", "--run", FinishedSearch.Run)).Code.ShouldBe(2);
    }

    [Fact]
    public async Task A_pruned_model_says_so_and_how_to_make_it_again_and_comes_again_with_the_same_bytes()
    {
        Copy(Search[FinishedSearch.Run], Search["pruned"]);
        var before = Directory.GetDirectories(Search["pruned", "models"]).Length;
        var planned = await LamdProcess.RunAsync(Search.Folder, "prune", "pruned", "--finalists", "1", "--dry-run");
        planned.Output.ShouldContain("would be pruned");
        Directory.GetDirectories(Search["pruned", "models"]).Length.ShouldBe(before);

        using var pruned = JsonDocument.Parse((await LamdProcess.RunAsync(Search.Folder, "prune", "pruned", "--finalists", "1", "--json")).Output);
        var gone = pruned.RootElement.GetProperty("pruned").EnumerateArray().Select(m => m.GetProperty("model").GetString()!).ToList();
        gone.ShouldNotBeEmpty();
        Directory.GetDirectories(Search["pruned", "models"]).Length.ShouldBe(before - gone.Count);
        Directory.Exists(Path.Combine(Search["pruned"], "best")).ShouldBeTrue("the link to the best model still leads somewhere");

        var shown = await LamdProcess.RunAsync(Search.Folder, "show", gone[0], "--run", "pruned");
        var remedy = shown.Output.Split('\n').Single(line => line.Contains("files", StringComparison.Ordinal)).Replace("files", "", StringComparison.Ordinal).Trim();
        remedy.ShouldStartWith("the weights were pruned on 2");
        remedy.ShouldEndWith($"; make them again: lamd show {gone[0]} --run pruned --recipe > {gone[0]}.yaml && lamd replay {gone[0]}.yaml --output DIR");
        var exported = await LamdProcess.RunAsync(Search.Folder, "export", gone[0], "--to", "gone", "--run", "pruned");
        (exported.Code, exported.Errors.Trim()).ShouldBe((2, $"lamd: {Search["pruned", "models", gone[0]]}: {remedy}"));

        File.WriteAllText(Search["again.yaml"], (await LamdProcess.RunAsync(Search.Folder, "show", gone[0], "--run", "pruned", "--recipe")).Output);
        (await LamdProcess.RunAsync(Search.Folder, "replay", "again.yaml", "--output", "made-again")).Output.ShouldContain("the same bytes as the search made");
        File.ReadAllBytes(Search["made-again", "model.safetensors"]).ShouldBe(File.ReadAllBytes(Search[FinishedSearch.Run, "models", gone[0], "model.safetensors"]));
    }

    [Fact]
    public async Task A_replay_comes_to_the_same_bytes_and_runs_on_other_data_too()
    {
        var show = JsonDocument.Parse((await LamdProcess.RunAsync(Search.Folder, "show", "m-0004", "--run", FinishedSearch.Run, "--json")).Output).RootElement;
        await File.WriteAllTextAsync(Search["pipeline-4.yaml"], show.GetProperty("pipeline").GetString(), TestContext.Current.CancellationToken);
        var (code, output, errors) = await LamdProcess.RunAsync(Search.Folder, "replay", "pipeline-4.yaml", "--output", "replayed", "--json");
        code.ShouldBe(0, errors);
        JsonDocument.Parse(output).RootElement.GetProperty("same_as_recorded").GetBoolean().ShouldBeTrue(errors);

        var dataset = show.GetProperty("pipeline").GetString()!.Contains("{id: ones", StringComparison.Ordinal) ? "ones" : "twos";
        (code, output, errors) = await LamdProcess.RunAsync(Search.Folder, "replay", "pipeline-4.yaml", "--output", "other", "--dataset", $"{dataset}=more.jsonl", "--json");
        code.ShouldBe(0, errors);
        JsonDocument.Parse(output).RootElement.TryGetProperty("same_as_recorded", out _).ShouldBeFalse();
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } link)
            {
                Directory.CreateSymbolicLink(target, link);
            }
            else if (entry is DirectoryInfo)
            {
                Copy(entry.FullName, target);
            }
            else
            {
                File.Copy(entry.FullName, target);
            }
        }
    }
}
