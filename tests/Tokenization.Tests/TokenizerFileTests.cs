using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Tokenization.Tests;

/// <summary>Tokenizer files with one thing changed. Expected ids and texts come from tokenizers 0.23.1 on the same files.</summary>
public sealed class TokenizerFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_token_of_the_normalized_text_decodes_to_its_normalized_content()
    {
        var tokenizer = Changed("llama2-sp", json => ((JsonArray)json["added_tokens"]!).Add(JsonNode.Parse("""{"id":885,"content":"Über","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":true}""")));
        tokenizer.Decode([528, 885], skipSpecialTokens: true).ShouldEndWith(" Über");
    }

    [Theory]
    [InlineData("normalizer", """{"type":"Nmt"}""", "the normalizer 'Nmt' is not supported")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":""}""", "the normalizer 'Precompiled' is not supported")]
    [InlineData("pre_tokenizer", """{"type":"UnicodeScripts"}""", "the pre-tokenizer 'UnicodeScripts' is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated","invert":false}""", "is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"String":" "},"behavior":"Sideways","invert":false}""", "the behavior 'Sideways' is not supported")]
    [InlineData("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"new_setting":1}""", "the setting 'new_setting' is not supported")]
    [InlineData("post_processor", """{"type":"Mystery"}""", "the post-processor 'Mystery' is not supported")]
    [InlineData("decoder", """{"type":"CTC"}""", "the decoder 'CTC' is not supported")]
    [InlineData("model", """{"type":"Unigram","vocab":[]}""", "the model 'Unigram' is not supported")]
    [InlineData("model", """{"type":"WordPiece","vocab":{}}""", "the model 'WordPiece' is not supported")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}""", "dropout")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":["a b"]}""", "merge 1 needs the token 'b'")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":0},"merges":["ab"]}""", "merge 1 is not two tokens")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":-1},"merges":[]}""", "has no id")]
    public void What_is_not_supported_is_refused_by_name(string key, string value, string message)
    {
        var error = Should.Throw<InvalidInputException>(() => Changed("gpt2-bpe", json => json[key] = JsonNode.Parse(value)));
        error.Message.ShouldContain(message);
        error.Message.ShouldContain("tokenizer.json");
    }

    [Fact]
    public void A_token_with_two_ids_is_refused() =>
        Should.Throw<InvalidInputException>(() => Changed("gpt2-bpe", json => json["added_tokens"]![0]!["content"] = "he")).Message.ShouldContain("another one");

    [Fact]
    public void A_tokenizer_larger_than_the_model_is_an_error_with_both_numbers()
    {
        var tokenizer = GoldenData.Tokenizer("gpt2-bpe");
        tokenizer.EnsureFits(701, "m");
        var error = Should.Throw<InvalidInputException>(() => tokenizer.EnsureFits(700, "models/m"));
        error.Message.ShouldContain("largest token id is 700 (701 tokens)");
        error.Message.ShouldContain("700 embedding rows");
    }

    [Fact]
    public void The_two_files_of_gpt2_give_the_same_ids_as_its_tokenizer_json()
    {
        foreach (var name in new[] { "vocab.json", "merges.txt" })
        {
            File.Copy(Path.Combine(GoldenData.Folder("gpt2-bpe"), name), folder[name]);
        }

        var tokenizer = Tokenizer.Load(folder.Path);
        foreach (var item in GoldenData.Expected("gpt2-bpe").GetProperty("cases").EnumerateArray())
        {
            tokenizer.Encode(item.Text("text"), addSpecialTokens: true).ShouldBe(item.Ids("ids"), item.Text("text"));
        }
    }

    [Fact]
    public void Missing_and_broken_files_are_named()
    {
        Should.Throw<InvalidInputException>(() => Tokenizer.Load(folder["nowhere"])).Message.ShouldContain("no such folder");
        Should.Throw<InvalidInputException>(() => Tokenizer.Load(folder.Path)).Message.ShouldContain("neither tokenizer.json nor vocab.json");
        File.WriteAllText(folder["tokenizer.json"], "{");
        Should.Throw<InvalidInputException>(() => Tokenizer.Load(folder.Path)).Message.ShouldContain("this is not JSON");
    }

    [Fact]
    public void A_continuation_has_no_space_in_front()
    {
        foreach (var name in GoldenData.Small)
        {
            var tokenizer = GoldenData.Tokenizer(name);
            var (first, rest) = (tokenizer.Encode("hello", addSpecialTokens: false), tokenizer.EncodeContinuation("world"));
            tokenizer.Decode([.. first, .. rest], skipSpecialTokens: false).ShouldBe("helloworld", name);
        }
    }

    [Fact]
    public void The_digest_follows_the_files()
    {
        var before = Changed("gpt2-bpe", _ => { }).ContentDigest();
        Changed("gpt2-bpe", json => json["version"] = "1.1").ContentDigest().ShouldNotBe(before);
        Changed("gpt2-bpe", _ => { }).ContentDigest().ShouldBe(before);
    }

    [Fact]
    public void Special_tokens_in_a_text_are_text_where_the_configuration_says_so()
    {
        File.Copy(Path.Combine(GoldenData.Folder("gpt2-bpe"), "tokenizer.json"), folder["tokenizer.json"]);
        File.WriteAllText(folder["tokenizer_config.json"], """{"split_special_tokens":true}""");
        var tokenizer = Tokenizer.Load(folder.Path);

        tokenizer.Encode("he<|endoftext|> x", addSpecialTokens: false).ShouldBe([258, 27, 91, 274, 67, 78, 69, 83, 494, 91, 29, 365]);
        GoldenData.Tokenizer("gpt2-bpe").Encode("he<|endoftext|> x", addSpecialTokens: false).ShouldBe([258, 700, 365]);
        tokenizer.Decode([258, 700], skipSpecialTokens: true).ShouldBe("he");
    }

    private Tokenizer Changed(string name, Action<JsonNode> change)
    {
        var copy = folder[Guid.NewGuid().ToString("n")];
        Directory.CreateDirectory(copy);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenData.Folder(name), "tokenizer.json")))!;
        change(json);
        File.WriteAllText(Path.Combine(copy, "tokenizer.json"), json.ToJsonString());
        return Tokenizer.Load(copy);
    }
}
