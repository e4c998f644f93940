using LamdAgent.Evaluation.Contamination;
using LamdAgent.Evaluation.Tests.Support;
using LamdAgent.TestKit;

namespace LamdAgent.Evaluation.Tests.Contamination;

public sealed class ContaminationIndexTests : IDisposable
{
    private const string Long = "Tom walks eleven miles to the market every Monday and carries twelve heavy baskets of ripe yellow pears back home again.";
    private readonly TemporaryFolder _folder = new();
    private readonly ContaminationIndex _index;

    public ContaminationIndexTests()
    {
        File.WriteAllLines(_folder["chat.jsonl"],
        [
            """{"messages":[{"role":"system","content":"You help people with all kinds of questions."},{"role":"user","content":"Quote gobe."}],"answer":"\"gobe\""}""",
        ]);
        File.WriteAllLines(_folder["maths.jsonl"], [$$"""{"question":"{{Long}}","answer":"yes"}"""]);
        File.WriteAllText(_folder["chat.yaml"], "task: chat\nversion: 1\ngrader: exact_match\nvalidation: chat.jsonl\n");
        File.WriteAllText(_folder["maths.yaml"], "task: maths\nversion: 1\ngrader: exact_match\ntest: maths.jsonl\nprompt:\n  text: 'Question: {{question}} Answer:'\n");
        _index = ContaminationIndex.Of(EvaluationTasks.Load(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"quote  GOBE"},{"role":"assistant","content":"gobe"}]}""", "chat validation line 1")]
    [InlineData("""{"prompt":"Quote gobe.","completion":"x"}""", "chat validation line 1")]
    [InlineData("""{"chosen":[{"role":"user","content":"Quote gobe."},{"role":"assistant","content":"a"}],"rejected":[]}""", "chat validation line 1")]
    [InlineData($$"""{"question":"{{Long}}","solution":"z"}""", "maths test line 1")]
    [InlineData($$"""{"text":"Here is a riddle. {{Long}} How far is it?"}""", "maths test line 1")]
    public void An_item_is_found_in_whatever_form(string row, string item) => _index.Find(Json.Parse(row))!.Item.ShouldBe(item);

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"Quote gabe."},{"role":"assistant","content":"gobe"}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"You help people with all kinds of questions."},{"role":"user","content":"Say hi."}]}""")]
    [InlineData("""{"text":"Tom walks eleven miles to the market every Monday and carries twelve heavy stones."}""")]
    [InlineData("""{"prompt":"yes","completion":"yes"}""")]
    [InlineData("""{"input_ids":[1,2,3]}""")]
    public void Other_rows_are_left_alone(string row) => _index.Find(Json.Parse(row)).ShouldBeNull();

    [Fact]
    public void A_file_is_searched_line_by_line()
    {
        File.WriteAllLines(_folder["train.jsonl"], ["""{"prompt":"a","completion":"b"}""", """{"prompt":"quote gobe","completion":"b"}"""]);
        _index.FindInFile(_folder["train.jsonl"]).ShouldBe([new ContaminationMatch(2, "chat validation line 1", 1)]);
    }
}
