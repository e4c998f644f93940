using LamdAgent.Evaluation.Grading.Instructions;
using LamdAgent.Evaluation.Python;
using LamdAgent.Evaluation.Tests.Support;

namespace LamdAgent.Evaluation.Tests.Grading.Instructions;

public sealed class TextSplittingTests
{
    [Fact]
    public void Sentence_and_word_counts_equal_the_reference()
    {
        foreach (var row in GoldenRows.Read("ifeval.jsonl"))
        {
            var text = row.Value.GetProperty("response").GetString()!;
            if (row.Value.TryGetProperty("sentence_count", out var count))
            {
                PunktSentences.Split(text).Count.ShouldBe(count.GetInt32(), text);
            }

            if (row.Value.TryGetProperty("word_tokens", out var words))
            {
                TreebankWords.Split(text).ShouldBe(words.EnumerateArray().Select(word => word.GetString()!), text);
            }
        }
    }

    [Fact]
    public void Aggregates_equal_the_reference()
    {
        var grader = GraderCatalogue.Create("ifeval");
        var items = GoldenRows.Read("ifeval.jsonl").Select(row =>
        {
            var (item, response) = (row.Value.GetProperty("item"), row.Value.GetProperty("response"));
            return new GradedItem(item, response, grader.Grade(item, response));
        }).ToList();
        var expected = Json.Parse(File.ReadAllText(TestKit.Repository.Golden("graders", "ifeval_aggregate.json"))).GetProperty("aggregates");
        foreach (var (name, value) in grader.Aggregate(items))
        {
            value.Value.ShouldBe(expected.GetProperty(name).GetDouble(), name);
        }
    }

    [Theory]
    [InlineData("He can't; they'll say \"no\".", "He ca n't ; they 'll say `` no '' .")]
    [InlineData("cannot (really) pay $5.50, or 10%!", "can not ( really ) pay $ 5.50 , or 10 % !")]
    [InlineData("'tis gonna work -- said O'Brien...", "'t is gon na work -- said O'Brien ...")]
    public void Words_follow_the_treebank_rules(string text, string words) => string.Join(' ', TreebankWords.Split(text)).ShouldBe(words);

    [Theory]
    [InlineData("{\"a\": [1, -2.5e3, NaN, -Infinity, null]}", true)]
    [InlineData("01", false)]
    [InlineData("[1,]", false)]
    [InlineData("'a'", false)]
    [InlineData("\"\t\"", false)]
    [InlineData("\"\\ud800\"", true)]
    [InlineData("1.", false)]
    [InlineData("-", false)]
    [InlineData("{} {}", false)]
    [InlineData(" \n\"a\" ", true)]
    public void Json_is_what_python_accepts(string text, bool valid) => PythonJson.IsValid(text).ShouldBe(valid);

    [Theory]
    [InlineData("This is a short note about how we plan to spend the summer.", "en")]
    [InlineData("Eu gostaria de saber quando você vai chegar, porque não tenho muito tempo.", "pt")]
    [InlineData("Non so dove sono andati tutti, ma questa sera li aspetto con una bottiglia di vino.", "it")]
    [InlineData("En kväll i september gick han ut för att se vad som hade hänt med huset.", "sv")]
    [InlineData("Nie wiem, gdzie oni są, ale bardzo się cieszę, że jesteś tutaj.", "pl")]
    [InlineData("Minä en tiedä, missä he ovat, mutta olen hyvin iloinen, että olet täällä.", "fi")]
    [InlineData("Tôi không biết họ ở đâu, nhưng tôi rất vui vì bạn đã đến.", "vi")]
    [InlineData("Sijui wako wapi, lakini mimi nina furaha sana kuwa wewe ni hapa na watu wote.", "sw")]
    [InlineData("Я не знаю, де вони, але дуже радий, що ви вже тут, і це добре.", "uk")]
    [InlineData("Не знам къде са те, но много се радвам, че вече си тук и това е добре.", "bg")]
    [InlineData("هذا هو الكتاب الذي كان على الطاولة في البيت", "ar")]
    [InlineData("این کتاب را برای شما از شهر آورده است و خیلی خوب است", "fa")]
    [InlineData("یہ کتاب میز پر ہے اور میں اس کو پڑھ رہا ہوں", "ur")]
    [InlineData("मला माहित नाही ते कुठे आहेत पण तू इथे आहे म्हणून मी आनंदी आहे", "mr")]
    [InlineData("मलाई थाहा छैन उनी कहाँ छन् तर यो राम्रो छ र सबै यहाँ छन्", "ne")]
    [InlineData("আমি জানি না তারা কোথায়", "bn")]
    [InlineData("これは古い木の柵です", "ja")]
    [InlineData("그들이 어디에 있는지 모르겠습니다", "ko")]
    [InlineData("12345 !!!", null)]
    public void Clear_texts_have_a_language(string text, string? language) => LanguageDetector.Detect(text).ShouldBe(language);
}
