using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class LogitsAndGenerateCommandTests : IDisposable
{
    private static readonly string Llama = Repository.Golden("models", "llama-tied");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama-tied")]
    [InlineData("gpt2")]
    public async Task Logits_of_padded_rows_are_those_of_the_reference(string name)
    {
        using var reference = JsonDocument.Parse(await File.ReadAllBytesAsync(Repository.Golden("models", name, "expected.json")));
        await File.WriteAllTextAsync(_folder["ids.json"], reference.RootElement.GetProperty("padded").GetRawText());

        (await LamdCommandLine.InvokeAsync(["logits", "--model", Repository.Golden("models", name), "--input", _folder["ids.json"], "--output", _folder["logits.safetensors"]])).ShouldBe(0);

        using var expected = SafetensorsFile.Open(Repository.Golden("models", name, "expected.safetensors"));
        using var actual = SafetensorsFile.Open(_folder["logits.safetensors"]);
        var tensor = actual.Tensors["logits"];
        tensor.DType.ShouldBe(DType.F32);
        tensor.Shape.ShouldBe([2, 24, 288]);
        Floats(tensor).ShouldBe(Floats(expected.Tensors["padded.logits"]), 1e-4);

        static double[] Floats(SafetensorsTensor t) => [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(t.Bytes).ToArray().Select(f => (double)f)];
    }

    [Fact]
    public async Task Generate_adds_ids_to_every_row_and_keeps_what_was_there()
    {
        await File.WriteAllTextAsync(_folder["prompts.jsonl"], """
            {"id": "a", "prompt_ids": [184, 282, 110, 156, 66, 222, 224, 199, 265]}
            {"id": "b", "prompt_ids": [259, 38, 44, 207, 18]}
            """);

        (await LamdCommandLine.InvokeAsync(["generate", "--model", Llama, "--input", _folder["prompts.jsonl"], "--output", _folder["out.jsonl"], "--max-new-tokens", "16", "--ignore-eos", "--batch-size", "2"])).ShouldBe(0);

        var rows = (await File.ReadAllLinesAsync(_folder["out.jsonl"])).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        rows.Select(r => r.GetProperty("id").GetString()).ShouldBe(["a", "b"]);
        rows[0].GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()).ShouldBe([257, 257, 257, 257, 135, 135, 135, 147, 67, 149, 149, 149, 149, 149, 149, 149]);
        rows[1].GetProperty("ids").GetArrayLength().ShouldBe(16);
    }

    [Fact]
    public async Task Generate_reads_texts_and_conversations()
    {
        var (sample, model) = (Path.Combine(Repository.Root, "shared", "samples", "tool-use", "base"), _folder["model"]);
        Directory.CreateDirectory(model);
        foreach (var name in new[] { "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json" })
        {
            File.Copy(Path.Combine(sample, name), Path.Combine(model, name));
        }

        using (var random = CausalLanguageModel.Create(ModelConfig.Read(model), seed: 3))
        {
            random.Save(model);
        }

        await File.WriteAllTextAsync(_folder["prompts.jsonl"], """
            {"prompt": "say word"}
            {"messages": [{"role": "user", "content": "say word"}]}
            """);

        (await LamdCommandLine.InvokeAsync(["generate", "--model", model, "--input", _folder["prompts.jsonl"], "--output", _folder["out.jsonl"], "--max-new-tokens", "4", "--temperature", "1", "--seed", "2", "--json"])).ShouldBe(0);

        foreach (var line in await File.ReadAllLinesAsync(_folder["out.jsonl"]))
        {
            using var row = JsonDocument.Parse(line);
            row.RootElement.GetProperty("ids").GetArrayLength().ShouldBeInRange(1, 4);
            row.RootElement.GetProperty("text").ValueKind.ShouldBe(JsonValueKind.String);
        }
    }

    [Theory]
    [InlineData("{\"prompt_ids\": []}")]
    [InlineData("{\"prompt_ids\": [288]}")]
    [InlineData("{\"prompt\": \"no tokenizer here\"}")]
    [InlineData("{\"text\": \"x\"}")]
    [InlineData("{")]
    public async Task Bad_prompts_are_bad_input_and_leave_nothing_behind(string line)
    {
        await File.WriteAllTextAsync(_folder["prompts.jsonl"], line);

        (await LamdCommandLine.InvokeAsync(["generate", "--model", Llama, "--input", _folder["prompts.jsonl"], "--output", _folder["out.jsonl"]])).ShouldBe(2);

        Directory.GetFiles(_folder.Path).ShouldBe([_folder["prompts.jsonl"]]);
    }

    [Theory]
    [InlineData("{\"attention_mask\": [[1]]}", "cpu")]
    [InlineData("{\"input_ids\": [[1, 2], [3]]}", "cpu")]
    [InlineData("{\"input_ids\": [[1, 2]], \"attention_mask\": [[1]]}", "cpu")]
    [InlineData("{\"input_ids\": [[1, 999]]}", "cpu")]
    [InlineData("{\"input_ids\": [[1]]}", "cuda:7")]
    public async Task Bad_ids_are_bad_input_and_leave_nothing_behind(string json, string device)
    {
        await File.WriteAllTextAsync(_folder["ids.json"], json);

        (await LamdCommandLine.InvokeAsync(["logits", "--model", Llama, "--input", _folder["ids.json"], "--output", _folder["out.safetensors"], "--device", device])).ShouldBe(2);

        Directory.GetFiles(_folder.Path).ShouldBe([_folder["ids.json"]]);
    }
}
