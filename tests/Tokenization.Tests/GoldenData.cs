using System.Security.Cryptography;
using System.Text.Json;
using LamdAgent.TestKit;

namespace LamdAgent.Tokenization.Tests;

/// <summary>Reference values of tests/golden/tokenizers: six small tokenizers in the repository, five published ones fetched by tests/setup-vocabularies.sh.</summary>
internal static class GoldenData
{
    public static readonly string[] Small = ["gpt2-bpe", "chatml-bpe", "llama3-bpe", "llama2-sp", "gemma-sp", "mistral-sp"];

    public static readonly string[] Published = ["gemma3", "qwen3", "llama3", "llama2", "gpt2"];

    private static readonly Dictionary<string, Lazy<LamdAgent.Tokenization.Tokenizer>> Loaded =
        Small.Concat(Published).ToDictionary(name => name, name => new Lazy<LamdAgent.Tokenization.Tokenizer>(() => LamdAgent.Tokenization.Tokenizer.Load(Folder(name))));

    private static readonly Lazy<JsonElement> Real = new(() => Read(Repository.Golden("tokenizers", "expected-real.json")).GetProperty("tokenizers"));

    public static LamdAgent.Tokenization.Tokenizer Tokenizer(string name) => Loaded[name].Value;

    public static JsonElement Expected(string name) =>
        Small.Contains(name) ? Read(Repository.Golden("tokenizers", name, "expected.json")) : Real.Value.GetProperty(name);

    public static string Folder(string name)
    {
        if (Small.Contains(name))
        {
            return Repository.Golden("tokenizers", name);
        }

        var folder = Path.Combine(Repository.Root, "artifacts", "vocabularies", name);
        foreach (var file in Real.Value.GetProperty(name).GetProperty("files").EnumerateObject())
        {
            var path = Path.Combine(folder, Path.GetFileName(file.Name));
            File.Exists(path).ShouldBeTrue($"{path} is missing: run tests/setup-vocabularies.sh (it needs npm) before these tests");
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))).ShouldBe(file.Value.GetProperty("sha256").GetString(), $"{path} is another file: delete {folder} and run tests/setup-vocabularies.sh");
        }

        return folder;
    }

    public static int[] Ids(this JsonElement element, string key) => [.. element.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];

    public static string Text(this JsonElement element, string key) => element.GetProperty(key).GetString()!;

    private static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.Clone();
    }
}
