using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Merging;

namespace LamdAgent.Planner.Tests;

/// <summary>What the search knows about merge methods must be what the merging room does.</summary>
public sealed class MergeActionTypeTests
{
    public static TheoryData<string> Names() => [.. MergeActionType.All.Select(t => t.Name)];

    [Fact]
    public void Every_searchable_method_is_an_action_type()
    {
        MergeActionType.All.Select(t => t.Name).Order().ShouldBe(MergeMethodCatalogue.All.Where(m => m.IsSearchable).Select(m => m.Name).Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Parameters_are_those_of_the_method(string name)
    {
        var type = MergeActionType.Find(name)!;
        var method = MergeMethodCatalogue.Find(name)!;
        type.PerModel.Select(p => p.Name).ShouldBeSubsetOf(method.Parameters.Where(p => p.PerModel).Select(p => p.Name));
        type.MethodWide.Select(p => p.Name).ShouldBeSubsetOf(method.Parameters.Where(p => !p.PerModel).Select(p => p.Name));
        method.Parameters.Where(p => p.Default is null && p.Name != "scale").Select(p => p.Name)
            .ShouldBeSubsetOf(type.PerModel.Concat(type.MethodWide).Where(p => p.Default is not null).Select(p => p.Name));
        if (method.Base == BaseModelUse.Required)
        {
            type.Base.ShouldNotBe(MergeBase.None);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_action_becomes_a_configuration_that_the_merger_reads(string name)
    {
        var type = MergeActionType.Find(name)!;
        var action = new PipelineAction
        {
            Type = name,
            Kind = ActionKind.Merge,
            Models = ["m-0002", "m-0003"],
            BaseModel = type.Base switch { MergeBase.CommonAncestor => "m-0001", MergeBase.FirstModel => "m-0002", _ => null },
            Parameters = type.PerModel.Concat(type.MethodWide).Where(p => p.Default is not null).ToDictionary(p => p.Name, p => p.Default!),
        };
        var config = MergeConfig.Parse(StepRecipes.Merge(action, id => "/models/" + id), "merge.yaml");
        config.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("slerp", "t", "[0, 0.5, 1]", "parameters: {t: [0, 0.5, 1]}")]
    [InlineData("ties", "weight", "[[0.2, 0.8], 0.5]", "parameters: {weight: [0.2, 0.8]}", "parameters: {weight: 0.5}")]
    [InlineData("ties", "density", "[[0.2, 0.8]]", "parameters: {weight: 1.0, density: [0.2, 0.8]}")]
    public void Gradients_over_the_layers_are_handed_on(string name, string parameter, string value, params string[] lines)
    {
        var type = MergeActionType.Find(name)!;
        var parameters = type.PerModel.Concat(type.MethodWide).Where(p => p.Default is not null).ToDictionary(p => p.Name, p => p.Default!);
        parameters[parameter] = value;
        var action = new PipelineAction { Type = name, Kind = ActionKind.Merge, Models = ["m-0002", "m-0003"], BaseModel = name == "slerp" ? "m-0002" : "m-0001", Parameters = parameters };

        var yaml = StepRecipes.Merge(action, id => id);

        MergeConfig.Parse(yaml, "merge.yaml").ShouldNotBeNull();
        foreach (var line in lines)
        {
            yaml.ShouldContain(line);
        }
    }
}
