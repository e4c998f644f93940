using System.Text.Json;

namespace LamdAgent.Tokenization.Tests;

public sealed class TokenizerGoldenTests
{
    public static TheoryData<string> Names => [.. GoldenData.Small, .. GoldenData.Published];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_gives_the_reference_ids(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        var wrong = new List<string>();
        foreach (var item in GoldenData.Expected(name).GetProperty("cases").EnumerateArray())
        {
            var text = item.Text("text");
            Compare(wrong, text, "ids", item.Ids("ids"), tokenizer.Encode(text, addSpecialTokens: true));
            Compare(wrong, text, "ids_no_special", item.Ids("ids_no_special"), tokenizer.Encode(text, addSpecialTokens: false));
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_gives_the_reference_text(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        var wrong = new List<string>();
        foreach (var group in new[] { "cases", "decode_cases" })
        {
            foreach (var item in GoldenData.Expected(name).GetProperty(group).EnumerateArray())
            {
                var ids = item.Ids("ids");
                Compare(wrong, string.Join(' ', ids), "decoded", item.Text("decoded"), tokenizer.Decode(ids, skipSpecialTokens: false));
                Compare(wrong, string.Join(' ', ids), "decoded_skip_special", item.Text("decoded_skip_special"), tokenizer.Decode(ids, skipSpecialTokens: true));
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Vocabulary_has_the_reference_size(string name) =>
        GoldenData.Tokenizer(name).VocabularySize.ShouldBe(GoldenData.Expected(name).GetProperty("vocab_size_with_added").GetInt32());

    [Theory]
    [MemberData(nameof(Names))]
    public void Spans_belong_to_the_same_ids_and_go_from_left_to_right(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        foreach (var item in GoldenData.Expected(name).GetProperty("cases").EnumerateArray())
        {
            var text = item.Text("text");
            var spans = tokenizer.EncodeWithSpans(text);
            spans.Select(span => span.Id).ShouldBe(item.Ids("ids_no_special"), text);
            spans.Zip(spans.Skip(1), (a, b) => b.Start >= a.Start && b.End >= a.End).ShouldAllBe(ordered => ordered, text);
            spans.ShouldAllBe(span => span.Start >= 0 && span.Start <= span.End && span.End <= text.Length, text);
        }
    }

    private static void Compare<T>(List<string> wrong, string what, string key, T expected, T actual)
    {
        var (e, a) = (JsonSerializer.Serialize(expected), JsonSerializer.Serialize(actual));
        if (e != a)
        {
            wrong.Add($"{JsonSerializer.Serialize(what)} {key}: expected {e}, got {a}");
        }
    }
}
