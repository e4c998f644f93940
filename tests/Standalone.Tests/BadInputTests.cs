
namespace LamdAgent.Standalone.Tests;

public sealed class BadInputTests(FinishedSearch finished)
{
    [Theory]
    [InlineData("search.yaml", "goal:", "gaol:", "gaol", "goal")]
    [InlineData("search.yaml", "precision: float32", "precison: float32", "precison", "precision")]
    [InlineData("search.yaml", "sft: {", "sft: {datasets: [owns], ", "owns", "ones")]
    [InlineData("search.yaml", "path: ones.jsonl", "path: missing.jsonl", "missing.jsonl", "search.yaml:6")]
    [InlineData("search.yaml", "path: base}", "path: nowhere}", "nowhere", "search.yaml:4")]
    [InlineData("search.yaml", "path: task.yaml", "path: none.yaml", "none.yaml", "search.yaml:8")]
    [InlineData("twos.jsonl", "\"messages\"", "\"massages\"", "twos.jsonl:1", "messages")]
    [InlineData("task.yaml", "grader: multiple_choice", "grader: multiple_choices", "'multiple_choices'", "'multiple_choice'")]
    public async Task A_spec_or_row_that_is_wrong_is_told_in_one_line_before_anything_is_made(string file, string old, string with, string part, string otherPart)
    {
        using var search = finished.Search.Copy();
        search.Replace(file, old, with);
        (await RefusedAsync(search)).ShouldSatisfyAllConditions(line => line.ShouldContain(part), line => line.ShouldContain(otherPart));
    }

    [Fact]
    public async Task Weights_that_were_cut_short_are_refused()
    {
        using var search = finished.Search.Copy();
        var bytes = await File.ReadAllBytesAsync(search["base", "model.safetensors"], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(search["base", "model.safetensors"], bytes[..^100], TestContext.Current.CancellationToken);
        (await RefusedAsync(search)).ShouldContain("model.safetensors");
    }

    [Fact]
    public async Task A_header_that_lies_is_refused()
    {
        using var search = finished.Search.Copy();
        var bytes = await File.ReadAllBytesAsync(search["base", "model.safetensors"], TestContext.Current.CancellationToken);
        BitConverter.TryWriteBytes(bytes, long.MaxValue / 2).ShouldBeTrue();
        await File.WriteAllBytesAsync(search["base", "model.safetensors"], bytes, TestContext.Current.CancellationToken);
        (await RefusedAsync(search)).ShouldContain("model.safetensors");
    }

    [Fact]
    public async Task A_tokenizer_that_does_not_fit_the_model_is_refused()
    {
        using var search = finished.Search.Copy();
        search.Replace(Path.Combine("base", "tokenizer.json"), "\"added_tokens\": [", "\"added_tokens\": [{\"id\": 99999, \"content\": \"<far>\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true},");
        (await RefusedAsync(search)).ShouldContain("99999", Case.Insensitive);
    }

    [Fact]
    public async Task A_merge_of_different_shapes_is_refused()
    {
        using var search = finished.Search.Copy();
        search.Replace("base.yaml", "model: shape", "model: wide");
        Directory.CreateDirectory(search["wide"]);
        foreach (var file in Directory.EnumerateFiles(finished.Search["shape"]))
        {
            File.WriteAllText(search["wide", Path.GetFileName(file)], File.ReadAllText(file).Replace("\"intermediate_size\": 64", "\"intermediate_size\": 96", StringComparison.Ordinal));
        }

        (await LamdProcess.RunAsync(search.Folder, "train", "base.yaml", "--output", "other")).Code.ShouldBe(0);
        await File.WriteAllTextAsync(search["merge.yaml"], "merge_method: linear\nmodels: [{model: base, parameters: {weight: 0.5}}, {model: other, parameters: {weight: 0.5}}]\n", TestContext.Current.CancellationToken);
        var (code, _, errors) = await LamdProcess.RunAsync(search.Folder, "merge", "merge.yaml", "merged");
        code.ShouldBe(2);
        errors.Trim().Split('\n').ShouldHaveSingleItem();
        Directory.Exists(search["merged"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_run_folder_that_holds_something_else_is_left_alone()
    {
        using var search = finished.Search.Copy();
        Directory.CreateDirectory(search["taken"]);
        await File.WriteAllTextAsync(search["taken", "thesis.txt"], "mine", TestContext.Current.CancellationToken);
        var (code, _, errors) = await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--out", "taken");
        (code, errors.Trim().Split('\n').Length).ShouldBe((2, 1));
        Directory.GetFileSystemEntries(search["taken"]).ShouldHaveSingleItem();
        (await LamdProcess.RunAsync(search.Folder, "resume", "taken")).Code.ShouldBe(2);
        (await LamdProcess.RunAsync(search.Folder, "status", "nothing")).Code.ShouldBe(2);
        (await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--steps", "none")).Code.ShouldBe(2);
    }

    [Fact]
    public async Task An_agent_whose_endpoint_is_down_is_replaced_and_the_search_goes_on()
    {
        using var search = finished.Search.Copy();
        // Port 9 on loopback: nobody listens there.
        await File.AppendAllTextAsync(search["search.yaml"], "\nplanner: {strategy: llm, llm: {endpoint: \"http://127.0.0.1:9/v1\", model: none, attempts: 1}}\n", TestContext.Current.CancellationToken);
        var (code, _, errors) = await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--out", "run", "--steps", "2");
        code.ShouldBe(0, errors);
        errors.ShouldContain("fallback");
    }

    [Fact]
    public async Task A_dry_run_tells_what_would_be_done_and_makes_nothing()
    {
        using var search = finished.Search.Copy();
        var before = Directory.GetFileSystemEntries(search.Folder).Length;
        var (code, output, errors) = await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--dry-run");
        code.ShouldBe(0, errors);
        new[] { "sft", "linear", "ties" }.ShouldAllBe(action => output.Contains(action));
        Directory.GetFileSystemEntries(search.Folder).Length.ShouldBe(before);
    }

    private static async Task<string> RefusedAsync(TinySearch search)
    {
        var before = Directory.GetFileSystemEntries(search.Folder).Length;
        var (code, output, errors) = await LamdProcess.RunAsync(search.Folder, "run", "search.yaml");
        code.ShouldBe(2, errors);
        output.ShouldBeEmpty();
        Directory.GetFileSystemEntries(search.Folder).Length.ShouldBe(before);
        return errors.Trim().Split('\n').ShouldHaveSingleItem();
    }
}
