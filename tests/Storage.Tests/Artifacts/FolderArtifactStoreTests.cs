using LamdAgent.Domain;
using LamdAgent.Storage.Artifacts;
using LamdAgent.TestKit;

namespace LamdAgent.Storage.Tests.Artifacts;

public sealed class FolderArtifactStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FolderArtifactStore store;

    public FolderArtifactStoreTests() => store = new FolderArtifactStore(folder.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_published_draft_is_read_back_and_checked()
    {
        (await store.PublishAsync(Write("models/m-0002", "weights"), "models/m-0002", Cancellation)).ShouldBe("models/m-0002");

        var digest = ModelDigest.OfFolder(folder["models", "m-0002"]);
        (await store.OpenAsync("models/m-0002", digest, Cancellation)).ShouldBe(folder["models", "m-0002"]);
        store.List("models").ShouldBe(["models/m-0002"]);
        Directory.GetFileSystemEntries(folder["models"]).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Two_writers_of_the_same_content_make_one_artifact()
    {
        var drafts = Enumerable.Range(0, 6).Select(_ => Write("models/m-0002", "weights")).ToList();
        var names = await Task.WhenAll(drafts.Select(draft => Task.Run(() => store.PublishAsync(draft, "models/m-0002", Cancellation), Cancellation)));
        names.ShouldAllBe(name => name == "models/m-0002");
        Directory.GetFileSystemEntries(folder["models"]).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Another_content_under_the_same_name_gets_a_name_of_its_own()
    {
        await store.PublishAsync(Write("models/m-0002", "weights"), "models/m-0002", Cancellation);
        (await store.PublishAsync(Write("models/m-0002", "others"), "models/m-0002", Cancellation)).ShouldBe("models/m-0002.2");
        File.ReadAllText(folder["models", "m-0002", "model.safetensors"]).ShouldBe("weights");
    }

    [Fact]
    public async Task A_model_that_was_changed_afterwards_is_refused()
    {
        await store.PublishAsync(Write("models/m-0002", "weights"), "models/m-0002", Cancellation);
        var digest = ModelDigest.OfFolder(folder["models", "m-0002"]);
        await File.WriteAllTextAsync(folder["models", "m-0002", "model.safetensors"], "tampered", Cancellation);
        (await Should.ThrowAsync<InvalidInputException>(() => store.OpenAsync("models/m-0002", digest, Cancellation))).Message.ShouldContain("changed afterwards");
    }

    [Fact]
    public async Task Missing_artifacts_and_names_that_lead_out_are_refused()
    {
        await Should.ThrowAsync<InvalidInputException>(() => store.OpenAsync("models/m-0009", null, Cancellation));
        await Should.ThrowAsync<InvalidInputException>(() => store.OpenAsync("../secret", null, Cancellation));
        Should.Throw<InvalidInputException>(() => store.Delete("models/../.."));
        Should.Throw<ArgumentException>(() => store.Drop(folder.Path));
    }

    [Fact]
    public void What_a_holder_kept_moves_to_the_next_one_and_is_out_of_reach_of_the_former()
    {
        var first = store.WorkFolder("a", "s-0001", 9);
        File.WriteAllText(Path.Combine(first, "checkpoint"), "x");
        store.WorkFolder("a", "s-0001", 9).ShouldBe(first);

        var next = store.WorkFolder("a", "s-0001", 10);
        File.ReadAllText(Path.Combine(next, "checkpoint")).ShouldBe("x");
        Directory.Exists(first).ShouldBeFalse();

        // The former holder wakes up, and another one that claimed before the present one and slept until now.
        Directory.CreateDirectory(first);
        File.WriteAllText(Path.Combine(first, "checkpoint"), "late");
        store.WorkFolder("a", "s-0001", 8);
        store.WorkFolder("a", "s-0001", 10).ShouldBe(next);
        File.ReadAllText(Path.Combine(store.WorkFolder("a", "s-0001", 11), "checkpoint")).ShouldBe("x");

        store.DeleteWorkFolder("a", "s-0001");
        Directory.Exists(Path.GetDirectoryName(next)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_not_finished_can_be_listed_and_deleted(bool oneSearch)
    {
        var shared = new FolderArtifactStore(folder["volume"], oneSearch);
        var model = shared.NameOf("a", "models", "m-0002");
        var published = shared.NewDraft(model);
        Directory.CreateDirectory(published);
        await shared.PublishAsync(published, model, CancellationToken.None);
        Directory.CreateDirectory(shared.NewDraft(model));
        shared.WorkFolder("a", "s-0001", 3);

        var unfinished = shared.ListUnfinished("a");

        unfinished.Count.ShouldBe(2);
        unfinished[0].ShouldStartWith(model + ".");
        unfinished[1].ShouldBe(shared.NameOf("a", "work", "s-0001"));
        unfinished.ToList().ForEach(shared.Delete);
        shared.ListUnfinished("a").ShouldBeEmpty();
        shared.List(shared.NameOf("a", "models", "x")[..^2]).ShouldBe([model]);
        (oneSearch ? [] : shared.ListUnfinished("b")).ShouldBeEmpty();
    }

    private string Write(string artifact, string weights)
    {
        var draft = store.NewDraft(artifact);
        Directory.CreateDirectory(draft);
        File.WriteAllText(Path.Combine(draft, "config.json"), "{}");
        File.WriteAllText(Path.Combine(draft, "model.safetensors"), weights);
        return draft;
    }
}
