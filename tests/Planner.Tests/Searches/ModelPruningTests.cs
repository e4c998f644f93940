using LamdAgent.Domain;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage.Artifacts;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Searches;

public sealed class ModelPruningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SearchHarness _search = new();
    private readonly FolderArtifactStore _artifacts;

    public ModelPruningTests() => _artifacts = new FolderArtifactStore(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Losers_go_and_the_best_with_its_ancestors_stays_and_every_record()
    {
        await _search.RunAsync();
        await MakeFoldersAsync();
        Directory.CreateDirectory(_folder["toy", "models", "m-0002.2"]); // a second copy that lost a race
        File.WriteAllText(Path.Combine(_artifacts.WorkFolder("toy", "s-0002", 1), "checkpoint"), "ab"); // of a step that was given up
        var ledger = await _search.LedgerAsync();
        var plan = RetentionPlan.For(await _search.SnapshotAsync(), await _search.Store.ListModelsAsync("toy", default), finalists: 1);

        var planned = await PruneAsync(dryRun: true);
        planned.Pruned.Select(m => m.Model).ShouldBe([.. plan.Prune, null, null]);
        planned.Bytes.ShouldBe(3 * plan.Prune.Count + 2);
        Folders().Count().ShouldBe((await _search.Store.ListModelsAsync("toy", default)).Count(m => m.StepId is not null) + 1);
        (await _search.Store.ListModelsAsync("toy", default)).ShouldAllBe(m => m.PrunedAt == null);

        var done = await PruneAsync(dryRun: false);
        done.Pruned.ShouldBe(planned.Pruned);
        _artifacts.ListUnfinished("toy").ShouldBeEmpty();
        Folders().ShouldBe(plan.Keep.Where(id => id != "m-0001").Order(StringComparer.Ordinal));
        (await _search.Store.ListModelsAsync("toy", default)).Where(m => m.PrunedAt is not null).Select(m => m.Id).Order().ShouldBe(plan.Prune.Order());
        (await _search.LedgerAsync()).ShouldBe(ledger);
        (await PruneAsync(dryRun: false)).Pruned.ShouldBeEmpty();
        (await Should.ThrowAsync<InvalidInputException>(ModelPruning.RunAsync(_search.Store, _artifacts, "toy", 0, false, _search.Clock, default))).Message.ShouldContain("at least 1");
        (await ModelPruning.RunAsync(_search.Store, _artifacts, "nobody", 1, false, _search.Clock, default)).ShouldBeNull();
    }

    [Fact]
    public async Task What_was_cut_off_between_ledger_and_folder_is_finished_the_next_time()
    {
        await _search.RunAsync();
        await MakeFoldersAsync();
        var loser = (await PruneAsync(dryRun: true)).Pruned[0];
        await _search.Store.MarkModelPrunedAsync("toy", loser.Model!, _search.Clock.GetUtcNow(), default); // and the process died

        (await PruneAsync(dryRun: false)).Pruned.ShouldContain(loser);
        Folders().ShouldNotContain(loser.Model);
    }

    [Theory]
    [InlineData(SearchStatus.Running)]
    [InlineData(SearchStatus.Paused)]
    public async Task A_search_that_may_go_on_loses_only_what_cannot_be_an_object_any_more(SearchStatus status)
    {
        // The third model was made but could not be scored: it never joins the pool.
        _search.Fails = step => step is { Id: "s-0003", State: StepState.Produced } ? new StepFailure(StepFailureKind.EvaluationRejected, "no items") : null;
        for (var round = 0; (await _search.Steps()).Count(s => s.Role == StepRole.Search && s.IsTerminal) < 5; round++)
        {
            await _search.AdvanceAsync();
            await _search.WorkAsync((await _search.Steps()).First(s => !s.IsTerminal));
        }

        await MakeFoldersAsync();
        await _search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Running], status, null, _search.Clock.GetUtcNow(), default);
        Directory.CreateDirectory(_folder["toy", "models", "m-0007"]); // being published just now
        _artifacts.WorkFolder("toy", "s-0006", 1); // and being trained
        var pruned = await PruneAsync(dryRun: false);
        pruned.Pruned.Select(m => m.Model).ShouldBe(["m-0004"]);
        _artifacts.ListUnfinished("toy").ShouldBe(["toy/work/s-0006"]);

        await _search.Store.ChangeSearchStatusAsync("toy", [SearchStatus.Paused], SearchStatus.Running, null, _search.Clock.GetUtcNow(), default);
        await _search.RunAsync();
        foreach (var step in (await _search.Steps()).Where(s => s.Role == StepRole.Search && s.Number > 5))
        {
            step.Action.Models.ShouldAllBe(id => id != "m-0004");
        }
    }

    private async Task<PruneResult> PruneAsync(bool dryRun) => (await ModelPruning.RunAsync(_search.Store, _artifacts, "toy", 1, dryRun, _search.Clock, default))!;

    private IEnumerable<string> Folders() => _artifacts.List("toy/models").Select(name => Path.GetFileName(name)!);

    // Where the harness says that they are.
    private async Task MakeFoldersAsync()
    {
        foreach (var model in (await _search.Store.ListModelsAsync("toy", default)).Where(m => m.StepId is not null))
        {
            Directory.CreateDirectory(_folder["toy", "models", model.Id]);
            File.WriteAllText(_folder["toy", "models", model.Id, "weights"], "abc");
        }
    }
}
