using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Task vectors to a base that the lamd.json files rule out are refused; what they do not tell is let through.</summary>
public sealed class LineageTests : IDisposable
{
    private const string Ties = "merge_method: ties\nbase_model: {0}\nmodels:\n- {model: tuned, parameters: {weight: 1}}\n";
    private readonly TemporaryFolder _folder = new();

    public LineageTests()
    {
        TinyModel.WriteVector(_folder["base"], 1, 2, 3);
        TinyModel.WriteVector(_folder["other"], 3, 2, 1);
        TinyModel.WriteVector(_folder["tuned"], 1, 2, 4);
        TinyModel.WriteVector(_folder["further"], 1, 2, 5);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_made_from_another_base_is_refused()
    {
        Describe("tuned", "base", root: "base");

        Merge("base").Warnings.ShouldBeEmpty();
        var message = Should.Throw<InvalidInputException>(() => Merge("other")).Message;
        message.ShouldContain("tuned does not descend from base_model other");
        message.ShouldContain("made from base");
        Directory.Exists(_folder["m-other"]).ShouldBeFalse();
    }

    [Fact]
    public void The_refusal_can_be_overruled_and_the_result_says_so()
    {
        Describe("tuned", "base", root: "base");

        Merge("other", ignoreLineage: true).Warnings.ShouldHaveSingleItem().ShouldStartWith("lineage ignored: tuned does not descend");
        File.ReadAllText(_folder["m-other", "README.md"]).ShouldContain("lineage ignored");
    }

    [Fact]
    public void Methods_without_task_vectors_merge_what_they_are_given()
    {
        Describe("tuned", "base", root: "base");

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nmodels:\n- {model: tuned, parameters: {weight: 1}}\n- {model: other, parameters: {weight: 1}}\n").Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void A_descent_that_is_not_recorded_to_its_root_is_let_through()
    {
        // Made from something that was made from 'root': whether 'other' stood in between, nobody knows.
        Describe("tuned", "further", root: "root");

        Merge("other").Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void A_descent_over_several_models_of_the_merge_is_followed()
    {
        Describe("tuned", "base", root: "base");
        Describe("further", "tuned", root: "base");

        var yaml = "merge_method: ties\nbase_model: {0}\nmodels:\n- {model: tuned, parameters: {weight: 1}}\n- {model: further, parameters: {weight: 1}}\n";
        TinyModel.Merge(_folder.Path, _folder["m"], yaml.Replace("{0}", "base", StringComparison.Ordinal)).Warnings.ShouldBeEmpty();
        Should.Throw<InvalidInputException>(() => TinyModel.Merge(_folder.Path, _folder["n"], yaml.Replace("{0}", "other", StringComparison.Ordinal))).Message.ShouldContain("does not descend");
    }

    private MergeResult Merge(string baseModel, bool ignoreLineage = false) => MergeEngine.Run(
        MergeConfig.Parse(Ties.Replace("{0}", baseModel, StringComparison.Ordinal), "test.yaml"),
        new MergeOptions { Output = _folder["m-" + baseModel], Resolve = MergeOptions.BelowFolder(_folder.Path), FlushToDisk = false, IgnoreLineage = ignoreLineage });

    private void Describe(string model, string parent, string root) => new ModelManifest
    {
        Id = model,
        Parents = [new ModelParent(parent, ModelManifest.DigestOfFolder(_folder[parent]))],
        Base = root,
        Files = ContentDigest.OfFolder(_folder[model]),
    }.Write(_folder[model]);
}
