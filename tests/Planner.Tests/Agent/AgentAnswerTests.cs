using CsCheck;
using LamdAgent.Planner.Agent;

namespace LamdAgent.Planner.Tests.Agent;

public sealed class AgentAnswerTests
{
    [Theory]
    [InlineData("""{"action": "sft"}""", "sft")]
    [InlineData("""Thinking {hard}. {"action": "a"} no, rather: ```{"action": "b", "reason": "{x}"}```""", "b")]
    [InlineData("""{"reason": "because {\"action\": \"x\"}", "action": " sft "} done""", "sft")]
    [InlineData("""{"outer": {"action": "inner"}}""", "inner")]
    public void The_last_object_with_the_key_counts(string text, string action)
    {
        AgentAnswer.Text(AgentAnswer.Find(text, "action")!.Value, "action").ShouldBe(action);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sft")]
    [InlineData("""{"action": "sft" """)]
    [InlineData("""{"type": "sft"}""")]
    [InlineData("[\"action\"]")]
    public void Anything_else_is_no_answer(string text) => AgentAnswer.Find(text, "action").ShouldBeNull();

    [Fact]
    public void No_text_breaks_the_reader()
    {
        Gen.String[Gen.OneOf(Gen.Char["{}[]\",:action "], Gen.Char), 0, 200].Sample(text =>
        {
            _ = AgentAnswer.Find(text, "action");
        }, iter: 2000);
    }

    [Fact]
    public void A_prompt_is_filled_in_one_pass_so_that_values_cannot_open_fields()
    {
        var values = new Dictionary<string, string>
        {
            ["goal"] = "{{memory}}",
            ["tasks"] = "t",
            ["memory"] = "m",
            ["results"] = "r",
            ["sentences"] = "8",
        };
        PromptLibrary.Fill("memory", values).ShouldContain("# Goal\n{{memory}}\n");
        values.Remove("results");
        Should.Throw<InvalidOperationException>(() => PromptLibrary.Fill("memory", values));
    }
}
