using System.Text;
using CsCheck;
using LamdAgent.Domain;
using LamdAgent.TestKit;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Tokenization.Tests;

public sealed class TokenizerPropertyTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String,
        OneOf("a", "Ab", " ", "\n", "  ", "é", "e\u0301", "🙂", "中", "<", "<|im_end|>", "<s>", "12", "'s", "▁", "\ud800", "\u0000", ",", "don't").Array[0, 30].Select(parts => string.Concat(parts)));

    [Theory]
    [InlineData("gpt2-bpe")]
    [InlineData("llama3-bpe")]
    public void Byte_level_tokens_give_back_any_text(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        ForEach(Texts, 2000, text => tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false), skipSpecialTokens: false).ShouldBe(Whole(text)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_text_can_be_encoded_and_its_spans_have_the_same_ids(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        ForEach(Texts, 500, text => tokenizer.EncodeWithSpans(text).Select(span => span.Id).ShouldBe(tokenizer.Encode(text, addSpecialTokens: false)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_ids_can_be_decoded(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        ForEach(Gen.Int[-5, 2000].Array[0, 40], 1000, ids => tokenizer.Decode(ids, skipSpecialTokens: true).ShouldNotBeNull());
    }

    [Fact]
    public void Many_threads_get_the_same_ids()
    {
        var tokenizer = GoldenData.Tokenizer("chatml-bpe");
        var texts = Enumerable.Range(0, 500).Select(i => $"text {i % 50} with words and numb3rs {i}").ToArray();
        var expected = texts.Select(text => string.Join(' ', tokenizer.Encode(text, true))).ToArray();
        texts.AsParallel().AsOrdered().Select(text => string.Join(' ', tokenizer.Encode(text, true))).ShouldBe(expected);
    }

    [Fact]
    public void Damaged_tokenizer_files_are_refused_and_never_crash()
    {
        using var folder = new TemporaryFolder();
        var source = File.ReadAllBytes(Path.Combine(GoldenData.Folder("llama2-sp"), "tokenizer.json"));
        ForEach(
            Gen.Select(Gen.Int[0, source.Length - 1], Gen.Byte, Gen.Int[1, 6]).Array[1, 4],
            300,
            edits =>
            {
                var bytes = source.ToArray();
                foreach (var (at, value, length) in edits)
                {
                    bytes.AsSpan(at, Math.Min(length, bytes.Length - at)).Fill(value);
                }

                var copy = folder[Guid.NewGuid().ToString("n")];
                Directory.CreateDirectory(copy);
                File.WriteAllBytes(Path.Combine(copy, "tokenizer.json"), bytes);
                try
                {
                    Tokenizer.Load(copy).Encode("some text 🙂", addSpecialTokens: true);
                }
                catch (InvalidInputException)
                {
                    // Refused, as it should be.
                }

                Directory.Delete(copy, recursive: true);
            });
    }

    [Fact]
    public void Any_template_text_renders_or_fails_cleanly()
    {
        var parts = OneOf("{{", "}}", "{%", "%}", "{#", "#}", " ", "for", "in", "if", "endif", "endfor", "set", "=", "x", "messages", ".", "[", "]", "(", ")", "|", "tojson", "is", "not", "'a'", "1", "+", "-", "~", ",", ":", "macro", "m", "\n", "else", "{", "}", "*", "loop", "generation", "endgeneration");
        ForEach(
            parts.Array[0, 25].Select(items => string.Concat(items.Select(item => item + " "))),
            10_000,
            template =>
            {
                try
                {
                    ChatTemplate.Parse(template, null, new TemplateLimits(Steps: 10_000)).Render(ChatRequest.Of(("user", "x"), ("assistant", "y")));
                }
                catch (InvalidInputException e)
                {
                    e.InnerException.ShouldBeOfType<ChatTemplateException>(template);
                }
            });
    }

    public static TheoryData<string> Names => [.. GoldenData.Small];

    [Theory]
    [InlineData("tokenizer.json", """{"\ud800": 1}""")]
    [InlineData("tokenizer.json", """{"version": "\ud800", "model": {"type": "BPE", "vocab": {"\ud800": 0}, "merges": []}}""")]
    [InlineData("tokenizer_config.json", """{"\ud800_token": "x", "added_tokens_decoder": {"0": {"content": "\udc00"}}}""")]
    public void Half_a_surrogate_pair_in_a_file_is_refused(string name, string text)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(GoldenData.Folder("gpt2-bpe"), "tokenizer.json"), folder["tokenizer.json"]);
        File.WriteAllText(folder[name], text);
        Should.Throw<InvalidInputException>(() => Tokenizer.Load(folder.Path));
        File.WriteAllBytes(folder[name], [.. "{\""u8, 0xA1, .. "\": 1}"u8]);
        Should.Throw<InvalidInputException>(() => Tokenizer.Load(folder.Path)).Message.ShouldContain("not UTF-8");
    }

    // The same samples in every run: Sample() of the library takes its seed for the first one only.
    private static void ForEach<T>(Gen<T> gen, int count, Action<T> check)
    {
        var random = new PCG(1, 20);
        for (var i = 0; i < count; i++)
        {
            check(gen.Generate(random, null, out _));
        }
    }

    private static Gen<string> OneOf(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    // Half a surrogate pair cannot be written in UTF-8.
    private static string Whole(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
