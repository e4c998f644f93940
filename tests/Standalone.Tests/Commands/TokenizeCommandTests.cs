using System.Text.Json;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class TokenizeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("chatml-bpe")]
    [InlineData("gpt2-bpe")]
    [InlineData("mistral-sp")]
    public async Task Texts_and_chats_get_the_reference_ids_and_ids_the_reference_texts(string name)
    {
        using var reference = JsonDocument.Parse(await File.ReadAllBytesAsync(Repository.Golden("tokenizers", name, "expected.json")));
        var cases = reference.RootElement.GetProperty("cases").EnumerateArray().ToList();
        var chats = reference.RootElement.GetProperty("chats").EnumerateArray().Where(chat => !chat.TryGetProperty("error", out _)).ToList();
        var model = Repository.Golden("tokenizers", name);
        await WriteAsync("in.jsonl", cases.Select(item => JsonSerializer.Serialize(new { text = item.GetProperty("text") })).Concat(chats.Select(chat => JsonSerializer.Serialize(chat))));

        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", model, "--input", _folder["in.jsonl"], "--output", _folder["out.jsonl"]])).ShouldBe(0);
        var rows = await ReadAsync("out.jsonl");
        for (var i = 0; i < cases.Count; i++)
        {
            rows[i].GetProperty("ids").GetRawText().ShouldBe(Compact(cases[i].GetProperty("ids")));
        }

        for (var i = 0; i < chats.Count; i++)
        {
            rows[cases.Count + i].GetProperty("rendered").GetString().ShouldBe(chats[i].GetProperty("rendered").GetString());
            rows[cases.Count + i].GetProperty("ids").GetRawText().ShouldBe(Compact(chats[i].GetProperty("ids")));
        }

        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", model, "--input", _folder["in.jsonl"], "--output", _folder["plain.jsonl"], "--no-special", "--json"])).ShouldBe(0);
        (await ReadAsync("plain.jsonl"))[20].GetProperty("ids").GetRawText().ShouldBe(Compact(cases[20].GetProperty("ids_no_special")));

        await WriteAsync("ids.jsonl", cases.Select(item => JsonSerializer.Serialize(new { ids = item.GetProperty("ids") })));
        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", model, "--input", _folder["ids.jsonl"], "--output", _folder["texts.jsonl"], "--decode"])).ShouldBe(0);
        (await ReadAsync("texts.jsonl")).Select(row => row.GetProperty("text").GetString()).ShouldBe(cases.Select(item => item.GetProperty("decoded").GetString()));
        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", model, "--input", _folder["ids.jsonl"], "--output", _folder["texts.jsonl"], "--decode", "--no-special"])).ShouldBe(0);
        (await ReadAsync("texts.jsonl")).Select(row => row.GetProperty("text").GetString()).ShouldBe(cases.Select(item => item.GetProperty("decoded_skip_special").GetString()));
    }

    [Theory]
    [InlineData("""{"txt": "x"}""")]
    [InlineData("""{"text": 3}""")]
    [InlineData("[1]")]
    [InlineData("{")]
    [InlineData("""{"text": "\ud800"}""")]
    [InlineData("""{"messages": [{"role": "user", "content": [1]}]}""")]
    public async Task Rows_that_cannot_be_used_are_bad_input_and_leave_no_file(string row)
    {
        await WriteAsync("in.jsonl", [row]);
        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", Repository.Golden("tokenizers", "chatml-bpe"), "--input", _folder["in.jsonl"], "--output", _folder["out.jsonl"]])).ShouldBe(2);
        Directory.GetFiles(_folder.Path).ShouldBe([_folder["in.jsonl"]]);
    }

    [Theory]
    [InlineData("""{"text": "x"}""")]
    [InlineData("""{"ids": [1.5]}""")]
    [InlineData("""{"ids": "x"}""")]
    public async Task Ids_that_are_none_are_bad_input(string row)
    {
        await WriteAsync("in.jsonl", [row]);
        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", Repository.Golden("tokenizers", "chatml-bpe"), "--input", _folder["in.jsonl"], "--output", _folder["out.jsonl"], "--decode"])).ShouldBe(2);
    }

    [Fact]
    public async Task A_folder_without_a_tokenizer_is_bad_input()
    {
        await WriteAsync("in.jsonl", ["""{"text": "x"}"""]);
        (await LamdCommandLine.InvokeAsync(["tokenize", "--model", _folder.Path, "--input", _folder["in.jsonl"], "--output", _folder["out.jsonl"]])).ShouldBe(2);
    }

    private static string Compact(JsonElement ids) => JsonSerializer.Serialize(ids);

    private Task WriteAsync(string name, IEnumerable<string> lines) => File.WriteAllTextAsync(_folder[name], string.Join('\n', lines) + "\n");

    private async Task<List<JsonElement>> ReadAsync(string name) => [.. (await File.ReadAllLinesAsync(_folder[name])).Select(line => JsonDocument.Parse(line).RootElement)];
}
