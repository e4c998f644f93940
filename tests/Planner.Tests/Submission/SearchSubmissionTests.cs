using LamdAgent.Domain;
using LamdAgent.Domain.Searches;
using LamdAgent.Planner.Submission;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Submission;

public sealed class SearchSubmissionTests
{
    private static string Row(string word) => $$"""{"messages": [{"role": "user", "content": "say {{word}}"}, {"role": "assistant", "content": "{{word}}"}]}""" + "\n";

    private static TemporaryFolder Folder()
    {
        var folder = new TemporaryFolder();
        SampleModel.CopyTo(folder["base"]);

        foreach (var task in new[] { "tools.yaml", "if.yaml" })
        {
            File.WriteAllText(folder[task], "task: say\nversion: 1\ngrader: exact_match\nvalidation: items.jsonl\ntest: items.jsonl\nmax_new_tokens: 8\n");
        }

        File.WriteAllText(folder["items.jsonl"], """{"messages": [{"role": "user", "content": "say a"}], "answer": "a"}""");
        File.WriteAllText(folder["tools.jsonl"], Row("b"));
        File.WriteAllText(folder["mixed.jsonl"], Row("c"));
        File.WriteAllText(folder["search.yaml"], SearchHarness.Yaml);
        return folder;
    }

    [Fact]
    public async Task A_spec_becomes_a_search_with_digests()
    {
        using var folder = Folder();
        var prepared = SearchSubmission.Prepare(folder["search.yaml"], "run-1", new SearchOverrides(Steps: 3), TimeProvider.System);
        prepared.Spec.Budget.Steps.ShouldBe(3);
        prepared.Search.Datasets[0].Digest.Length.ShouldBe(64);
        prepared.StartModels[0].Id.ShouldBe("m-0001");

        var store = new InMemoryRunStore();
        await SearchSubmission.SubmitAsync(prepared, store, default);
        (await store.GetModelAsync("run-1", "m-0001", default))!.Digest.ShouldBe(prepared.StartModels[0].Digest);
        var again = await Should.ThrowAsync<InvalidInputException>(() => SearchSubmission.SubmitAsync(prepared, store, default));
        again.Message.ShouldContain("lamd resume run-1");

        // The digest is of the content.
        File.WriteAllText(folder["base", "config.json"], File.ReadAllText(folder["base", "config.json"]) + " ");
        SearchSubmission.Prepare(folder["search.yaml"], "run-2", new SearchOverrides(), TimeProvider.System).StartModels[0].Digest.ShouldNotBe(prepared.StartModels[0].Digest);
    }

    [Theory]
    [InlineData("tools.jsonl", ":6: datasets: the file of 'tools' does not exist")]
    [InlineData("if.yaml", ":10: tasks: the file of 'instructions' does not exist")]
    [InlineData("base/config.json", ":4: models: 'base' is not a Hugging Face folder")]
    public void What_is_not_there_is_said_with_its_line(string missing, string message)
    {
        using var folder = Folder();
        File.Delete(folder[missing]);
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System))
            .Message.ShouldContain("search.yaml" + message);
    }

    [Fact]
    public void A_model_cut_short_is_found_before_the_first_step()
    {
        using var folder = Folder();
        using (var file = File.OpenWrite(folder["base", "model.safetensors"]))
        {
            file.SetLength(file.Length - 10);
        }

        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System)).Message.ShouldContain("model.safetensors");
    }

    [Fact]
    public void A_reward_model_is_no_start()
    {
        using var folder = Folder();
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(folder["base", "config.json"]))!;
        config["architectures"] = new System.Text.Json.Nodes.JsonArray("LlamaForSequenceClassification");
        File.WriteAllText(folder["base", "config.json"], config.ToJsonString());
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System))
            .Message.ShouldContain(":4: models: 'base' scores texts instead of writing them");
    }

    [Fact]
    public void A_task_without_a_test_and_data_that_hold_evaluation_items_are_refused()
    {
        using var folder = Folder();
        File.WriteAllText(folder["mixed.jsonl"], Row("a"));
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System))
            .Message.ShouldContain(":7: datasets: 'mixed' holds 1 evaluation items");

        File.WriteAllText(folder["if.yaml"], File.ReadAllText(folder["if.yaml"]).Replace("test: items.jsonl\n", "", StringComparison.Ordinal));
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System))
            .Message.ShouldContain(":10: tasks: 'instructions' has no test data");
    }

    [Fact]
    public void Overrides_are_checked()
    {
        using var folder = Folder();
        string Error(SearchOverrides o) => Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, o, TimeProvider.System)).Message;

        Error(new SearchOverrides(Strategy: "gredy")).ShouldBe("unknown strategy 'gredy'; did you mean 'greedy'?");
        Error(new SearchOverrides(Strategy: "llm")).ShouldContain("strategy llm needs planner.llm");
        Error(new SearchOverrides(Steps: 0)).ShouldBe("the number of steps must be at least 1");
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["nothing.yaml"], null, new SearchOverrides(), TimeProvider.System)).Message.ShouldContain("no such file");
    }

    [Fact]
    public void The_agents_key_must_be_there_when_this_process_plans()
    {
        using var folder = Folder();
        File.WriteAllText(folder["search.yaml"], SearchHarness.Yaml.Replace(
            "strategy: greedy", "strategy: llm, llm: {endpoint: \"http://127.0.0.1:1/v1\", model: toy, api_key: \"${TOY_KEY}\"}", StringComparison.Ordinal));
        _ = SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System);
        _ = SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System, _ => "key");
        Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(folder["search.yaml"], null, new SearchOverrides(), TimeProvider.System, _ => null))
            .Message.ShouldContain("TOY_KEY");
    }
}
