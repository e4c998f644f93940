using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Submission;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Submission;

public sealed class ContaminationGateTests
{
    private const string LongQuestion = "A farmer has twelve cows and buys seven more cows on monday and then sells three of them on friday; how many cows are left";

    private static SearchSpec Spec(TemporaryFolder folder, string training, string gate = "reject", string format = "messages")
    {
        File.WriteAllText(folder["validation.jsonl"], """{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say: lorem ipsum!"}], "answer": "lorem ipsum"}""" + "\n");
        File.WriteAllText(folder["test.jsonl"], $$"""{"messages": [{"role": "user", "content": "{{LongQuestion}}"}], "answer": "16"}""" + "\n");
        File.WriteAllText(folder["task.yaml"], "task: say\nversion: 1\ngrader: exact_match\nvalidation: validation.jsonl\ntest: test.jsonl\nmax_new_tokens: 8\n");
        File.WriteAllText(folder["train.jsonl"], training + "\n");
        return SearchSpecReader.Parse(
            $$$"""
            name: x
            models: [{id: a, path: a}]
            datasets: [{id: d, path: train.jsonl, format: {{{format}}}}]
            tasks: [{id: t, path: task.yaml}]
            actions: {sft: {}}
            budget: {steps: 1}
            gates: {contamination: {{{gate}}}}
            """, "search.yaml", folder.Path);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "say lorem  IPSUM"}, {"role": "assistant", "content": "x"}]}""", "say validation line 1")]
    [InlineData("""{"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "say"}, {"role": "user", "content": "so"}, {"role": "assistant", "content": "A farmer has twelve cows and buys seven more cows on Monday, and then sells three of them on Friday."}]}""", "say test line 1")]
    public void An_item_is_found_whatever_it_is_dressed_in(string row, string item)
    {
        using var folder = new TemporaryFolder();
        var overlap = ContaminationGate.Find(Spec(folder, row)).ShouldHaveSingleItem();
        overlap.DatasetId.ShouldBe("d");
        overlap.Examples.ShouldBe([$"line 1 = {item}"]);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "Say: lorem ipsum dolor"}, {"role": "assistant", "content": "x"}]}""")]
    [InlineData("""{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A farmer has twelve cows"}, {"role": "assistant", "content": "lorem ipsum"}]}""")]
    public void What_is_only_alike_is_let_through(string row)
    {
        using var folder = new TemporaryFolder();
        ContaminationGate.Find(Spec(folder, row)).ShouldBeEmpty();
    }

    [Fact]
    public void The_gate_rejects_warns_or_is_off()
    {
        using var folder = new TemporaryFolder();
        const string row = """{"messages": [{"role": "user", "content": "Say lorem ipsum"}, {"role": "assistant", "content": "x"}]}""";
        Should.Throw<InvalidInputException>(() => ContaminationGate.Apply(Spec(folder, row))).Message
            .ShouldBe("search.yaml:3: datasets: 'd' holds 1 evaluation items (line 1 = say validation line 1); take them out, or say gates: {contamination: warn}");
        ContaminationGate.Apply(Spec(folder, row, "warn")).ShouldHaveSingleItem().ShouldStartWith("dataset 'd' holds 1 evaluation items");
        ContaminationGate.Apply(Spec(folder, row, "off")).ShouldBeEmpty();
        ContaminationGate.Apply(Spec(folder, """{"input_ids": [1]}""", format: "tokens")).ShouldHaveSingleItem().ShouldContain("could not be looked into");
    }
}
