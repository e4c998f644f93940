using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Tests.Configuration;

public sealed class ConfigDocumentTests
{
    [Fact]
    public void Unknown_key_names_file_line_and_the_nearest_key()
    {
        var root = ConfigDocument.Parse("name: a\nlearning_rat: 0.1\n", "r.yaml");
        root.Required("name").AsString().ShouldBe("a");
        root.Optional("learning_rate").ShouldBeNull();
        Should.Throw<InvalidInputException>(root.RejectUnknownKeys).Message
            .ShouldBe("r.yaml:2: unknown key 'learning_rat'; did you mean 'learning_rate'?");
    }

    [Fact]
    public void A_missing_key_names_the_key_that_may_be_meant() =>
        Should.Throw<InvalidInputException>(() => ConfigDocument.Parse("name: a\nmodles: []\n", "s.yaml").Required("models")).Message
            .ShouldBe("s.yaml:1: 'models' is missing; is 'modles' in line 2 meant to be it?");

    [Fact]
    public void Values_out_of_range_name_their_path_and_line()
    {
        var root = ConfigDocument.Parse("budget:\n  steps: -3\n", "s.yaml");
        Should.Throw<InvalidInputException>(() => root.Required("budget").AsMapping().Required("steps").AsInt(1, 10)).Message
            .ShouldBe("s.yaml:2: budget.steps: -3 is out of range (1 to 10)");
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "s.yaml:2: the key 'a' is there twice")]
    [InlineData("a: *x\nb: &x 1\n", "s.yaml:1: the alias '*x' has no anchor '&x' before it")]
    [InlineData("- 1\n", "s.yaml:1: expected keys and values, found a list")]
    [InlineData("", "s.yaml: the file is empty")]
    public void Ambiguous_documents_are_refused(string yaml, string message) =>
        Should.Throw<InvalidInputException>(() => ConfigDocument.Parse(yaml, "s.yaml")).Message.ShouldBe(message);

    [Fact]
    public void An_alias_is_what_its_anchor_marks_in_its_own_place()
    {
        var root = ConfigDocument.Parse("a: &x {k: 1, l: [2]}\nb: *x\nc:\n  <<: *x\n  k: 5\nd: {<<: [*x, {m: 7}]}\n", "s.yaml");

        var copy = root.Required("b").AsMapping();
        copy.Required("k").AsInt().ShouldBe(1);
        copy.Path.ShouldBe("b");
        Should.Throw<InvalidInputException>(copy.RejectUnknownKeys).Message.ShouldBe("s.yaml:1: b: unknown key 'l'; did you mean 'k'?");
        root.Required("c").AsMapping().Required("k").AsInt().ShouldBe(5);
        root.Required("c").AsMapping().Required("l").AsSequence().Count.ShouldBe(1);
        root.Required("d").AsMapping().Entries.Select(e => e.Key).ShouldBe(["k", "l", "m"]);
    }

    [Fact]
    public void Aliases_of_aliases_do_not_grow_without_bounds()
    {
        var lines = Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");

        Should.Throw<InvalidInputException>(() => ConfigDocument.Parse("a0: &a0 x\n" + string.Join('\n', lines), "s.yaml")).Message.ShouldContain("more than 100000 values");
    }

    [Fact]
    public void Quoted_null_is_text() => ConfigDocument.Parse("a: 'null'", "s").Required("a").AsString().ShouldBe("null");
}
