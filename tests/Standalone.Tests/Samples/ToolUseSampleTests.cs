using System.Text;
using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Domain.Specs;
using LamdAgent.Evaluation;
using LamdAgent.Samples.ToolUse;
using LamdAgent.TestKit;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Standalone.Tests.Samples;

/// <summary>The sample search: its files are what its generator makes, and what the models are scored on was never trained on.</summary>
public sealed class ToolUseSampleTests(ToolUseSampleTests.Made made) : IClassFixture<ToolUseSampleTests.Made>
{
    private static readonly string Folder = Path.Combine(Repository.Root, "shared", "samples", "tool-use");

    [Fact]
    public void Committed_files_are_what_the_seed_makes()
    {
        foreach (var (path, bytes) in made.Files)
        {
            File.ReadAllBytes(Path.Combine(Folder, path)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"{path} differs: run the generator again");
        }
    }

    [Fact]
    public void Nothing_scored_was_trained_on() => Disjointness.Verify(new Dictionary<string, byte[]>(made.Files) { ["pretraining/text.jsonl"] = made.Data.Pretraining() });

    [Fact]
    public void An_item_in_the_training_data_is_noticed()
    {
        var item = Encoding.UTF8.GetString(made.Files["data/test/instructions.jsonl"]).Split('\n')[0];
        var spoiled = new Dictionary<string, byte[]>(made.Files) { ["data/train/more.jsonl"] = Encoding.UTF8.GetBytes(item) };
        Should.Throw<InvalidOperationException>(() => Disjointness.Verify(spoiled)).Message.ShouldContain("data/test/instructions.jsonl");
    }

    [Fact]
    public void Another_seed_makes_other_data() =>
        new SampleData(SampleData.DefaultSeed + 1).Committed()["data/train/mixed.jsonl"].ShouldNotBe(made.Files["data/train/mixed.jsonl"]);

    [Fact]
    public void Tokenizer_gives_every_text_back_and_splits_words_alike_everywhere()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Folder, "base"));
        foreach (var line in Encoding.UTF8.GetString(made.Files["data/validation/tool-use.jsonl"]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var item = JsonDocument.Parse(line).RootElement;
            var prompt = item.GetProperty("messages")[0].GetProperty("content").GetString()!;
            tokenizer.Decode(tokenizer.Encode(prompt, addSpecialTokens: false), skipSpecialTokens: false).ShouldBe(prompt);
            foreach (var argument in item.GetProperty("calls")[0].GetProperty("arguments").EnumerateObject().Where(a => a.Value.ValueKind == JsonValueKind.String))
            {
                var word = argument.Value.GetString()!;
                var alone = tokenizer.Encode(word, addSpecialTokens: false);
                alone.Length.ShouldBe(word.Length / 2, word);
                tokenizer.Encode($" {word}", addSpecialTokens: false)[1..].ShouldBe(alone, word);
                tokenizer.Encode($": \"{word}", addSpecialTokens: false)[^alone.Length..].ShouldBe(alone, word);
            }
        }
    }

    [Fact]
    public void End_and_padding_are_different_tokens_within_the_vocabulary()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Folder, "base"));
        var config = JsonDocument.Parse(made.Files["base/config.json"]).RootElement;
        tokenizer.VocabularySize.ShouldBe(config.GetProperty("vocab_size").GetInt32());
        tokenizer.EosId.ShouldBe(config.GetProperty("eos_token_id").GetInt32());
        tokenizer.PadId.ShouldBe(config.GetProperty("pad_token_id").GetInt32());
        tokenizer.PadId.ShouldNotBe(tokenizer.EosId);
    }

    [Fact]
    public void Chat_template_writes_tools_requests_and_calls_compactly()
    {
        var template = ChatTemplate.Load(Path.Combine(Folder, "base"));
        var row = JsonDocument.Parse("""
            {"messages":[{"role":"user","content":"Will it rain in tamo?"},
                         {"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"get_weather","arguments":{"city":"tamo"}}}]}],
             "tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},
                      {"type":"function","function":{"name":"set_alarm","parameters":{"type":"object","properties":{"label":{"type":"string"},"hour":{"type":"integer"}}}}}]}
            """).RootElement;
        template.Render(row.GetProperty("messages"), row.GetProperty("tools"), addGenerationPrompt: false).ShouldBe(
            "<|im_start|>system\nTools: get_weather(city); set_alarm(label, hour)<|im_end|>\n<|im_start|>user\nWill it rain in tamo?<|im_end|>\n"
            + "<|im_start|>assistant\n<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"tamo\"}}</tool_call><|im_end|>\n");
    }

    [Fact]
    public void Every_training_row_trains_its_answer_and_the_end_token_and_fits()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Folder, "base"));
        foreach (var path in made.Files.Keys.Where(f => f.StartsWith("data/train/", StringComparison.Ordinal)))
        {
            var rows = DatasetReader.ReadRows(Path.Combine(Folder, path), DatasetFormat.Messages, tokenizer, new DatasetOptions { MaxLength = 128 }).Rows;
            rows.Count.ShouldBe(1200, path);
            foreach (var row in rows)
            {
                var answer = row.InputIds.Where((_, i) => row.CompletionMask[i] == 1).ToArray();
                answer[^1].ShouldBe(tokenizer.EosId!.Value);
                row.CompletionMask[0].ShouldBe((byte)0);
            }
        }
    }

    [Fact]
    public void Pretraining_text_is_in_the_models_own_chat_format()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Folder, "base"));
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "text.jsonl");
        File.WriteAllBytes(path, made.Data.Pretraining());
        var rows = DatasetReader.ReadRows(path, DatasetFormat.PromptCompletion, tokenizer, new DatasetOptions { MaxLength = 96 }).Rows;
        rows.Count.ShouldBe(100_000);
        var start = tokenizer.Encode("<|im_start|>user\n", addSpecialTokens: false);
        var share = rows.Count(r => r.InputIds.AsSpan().StartsWith(start)) / (double)rows.Count;
        share.ShouldBeInRange(0.49, 0.51);
        var call = tokenizer.TokenToId("<tool_call>")!.Value;
        rows.Count(r => r.InputIds[^1] != tokenizer.EosId || r.CompletionMask[^1] == 0 || r.InputIds.Contains(call)).ShouldBe(0);
    }

    [Fact]
    public void Tasks_recipe_and_search_are_valid()
    {
        foreach (var task in new[] { "tool-use", "instructions" })
        {
            var read = EvaluationTask.Load(Path.Combine(Folder, "tasks", $"{task}.yaml"));
            read.ReadRows(EvaluationSplit.Validation).Count.ShouldBe(120);
            read.ReadRows(EvaluationSplit.Test).Count.ShouldBe(180);
        }

        TrainingRecipe.Parse(File.ReadAllText(Path.Combine(Folder, "base.yaml")), "base.yaml").Init.ShouldBe("random");
        var spec = SearchSpecReader.Parse(File.ReadAllText(Path.Combine(Folder, "search.yaml")), "search.yaml", Folder);
        spec.Datasets.Select(d => d.Id).ShouldBe(["tool-calls", "instructions", "mixed", "noisy"]);
        spec.Budget.Steps.ShouldBeGreaterThanOrEqualTo(8);
    }

    /// <summary>The data, made once for all tests.</summary>
    public sealed class Made
    {
        /// <summary>The generator's parts.</summary>
        public SampleData Data { get; } = new();

        /// <summary>The files by path.</summary>
        public IReadOnlyDictionary<string, byte[]> Files { get; }

        /// <summary>Makes them.</summary>
        public Made() => Files = Data.Committed();
    }
}
