using System.Text.Json;
using LamdAgent.Standalone.Commands;
using LamdAgent.TestKit;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class DataCommandTests : IDisposable
{
    private static readonly string Model = Repository.Golden("tokenizers", "chatml-bpe");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_sample_data_have_no_problems()
    {
        var sample = Path.Combine(Repository.Root, "shared", "samples", "tool-use");
        (await LamdCommandLine.InvokeAsync(["data", "check", Path.Combine(sample, "data", "train", "mixed.jsonl"), "--model", Path.Combine(sample, "base"), "--rows", "0"])).ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"text": ""}""")]
    [InlineData("""{"prompt": "x", "chosen": "y", "rejected": ""}""")]
    [InlineData("""{"prompt": "x", "completion": "y", "label": 1}""")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""")]
    [InlineData("""{"input_ids": [1, 2], "completion_mask": [0, 0]}""")]
    [InlineData("""{"what": 1}""")]
    public async Task A_problem_is_bad_input(string row)
    {
        await File.WriteAllTextAsync(_folder["data.jsonl"], row);
        (await LamdCommandLine.InvokeAsync(["data", "check", _folder["data.jsonl"], "--model", Model, "--json"])).ShouldBe(2);
    }

    [Fact]
    public async Task Missing_files_and_wrong_formats_are_bad_input()
    {
        (await LamdCommandLine.InvokeAsync(["data", "check", _folder["nothing.jsonl"], "--model", Model])).ShouldBe(2);
        await File.WriteAllTextAsync(_folder["data.jsonl"], """{"text": "x"}""");
        (await LamdCommandLine.InvokeAsync(["data", "check", _folder["data.jsonl"], "--model", Model, "--format", "texts"])).ShouldBe(2);
        (await LamdCommandLine.InvokeAsync(["data", "check", _folder["data.jsonl"], "--model", Model, "--max-length", "1"])).ShouldBe(2);
    }

    [Fact]
    public void Rows_show_what_trains_and_data_cannot_steer_the_terminal()
    {
        File.WriteAllText(_folder["data.jsonl"], """{"messages": [{"role": "user", "content": "a\u001b[31m"}, {"role": "assistant", "content": "b\nc"}], "note\u0007": 1}""");
        var tokenizer = Tokenizer.Load(Model);
        var data = DatasetReader.ReadRows(_folder["data.jsonl"], DatasetFormat.Auto, tokenizer, new DatasetOptions { StopAtFirstProblem = false });
        using var plain = new StringWriter();
        DataCheckText.Write(plain, data, tokenizer, rows: 3, colours: false);
        var text = plain.ToString();
        text.ShouldContain("[[b|\\n|c|<|im_end|>]]");
        text.ShouldContain("\\x1b");
        text.ShouldContain("the key 'note\\x07' is not used (1 rows)");
        text.ShouldContain("no problems");
        text.ShouldNotContain('\x1b');

        using var coloured = new StringWriter();
        DataCheckText.Write(coloured, data, tokenizer, rows: 3, colours: true);
        coloured.ToString().ShouldContain("\x1b[32mb|\\n|c|<|im_end|>\x1b[0m");

        using var json = JsonDocument.Parse(DataCheckText.Json(data));
        json.RootElement.GetProperty("rows_kept").GetInt32().ShouldBe(1);
        json.RootElement.GetProperty("sha256").GetString().ShouldBe(data.ContentDigest);
    }
}
