using LamdAgent.Domain.Actions;

namespace LamdAgent.Merging.Tests;

/// <summary>What a search believes about merge methods (Domain, which cannot see this room) and what the methods are.</summary>
public sealed class SearchSpaceTests
{
    public static TheoryData<string> ActionTypes() => [.. MergeActionType.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(ActionTypes))]
    public void An_action_type_is_a_method_with_these_parameters(string name)
    {
        var type = MergeActionType.Find(name)!;
        var method = MergeMethodCatalogue.Find(name).ShouldNotBeNull();

        (type.Base == MergeBase.CommonAncestor).ShouldBe(method.UsesTaskVectors);
        (type.Base == MergeBase.None).ShouldBe(method.Base != BaseModelUse.Required);
        var models = method.MaxModels == int.MaxValue ? int.MaxValue : method.MaxModels + (method.Base == BaseModelUse.Required && !method.CountsBase ? 1 : 0);
        type.MaxModels.ShouldBeLessThanOrEqualTo(models);
        foreach (var parameter in type.PerModel)
        {
            method.Parameters.ShouldContain(p => p.Name == parameter.Name && p.PerModel);
        }

        foreach (var parameter in type.MethodWide)
        {
            method.Parameters.ShouldContain(p => p.Name == parameter.Name && !p.PerModel
                && (p.Kind == MergeParameterKind.Flag) == (parameter.Kind == Domain.Actions.MergeParameterKind.Flag)
                && (p.Kind == MergeParameterKind.Count) == (parameter.Kind == Domain.Actions.MergeParameterKind.Count));
        }

        // What a configuration must say, the search must be able to say.
        foreach (var required in method.Parameters.Where(p => p.Default is null))
        {
            type.PerModel.Concat(type.MethodWide).ShouldContain(p => p.Name == required.Name && p.Default != null);
        }
    }

    [Fact]
    public void Every_method_that_a_search_may_use_is_an_action_type() =>
        MergeActionType.All.Select(t => t.Name).ShouldBe(MergeMethodCatalogue.All.Where(m => m.IsSearchable).Select(m => m.Name), ignoreOrder: true);

    [Fact]
    public void Choices_lie_within_their_ranges() =>
        MergeMethodCatalogue.All.SelectMany(m => m.Parameters).ShouldAllBe(p => p.Choices.All(c => c >= p.Minimum && c <= p.Maximum));
}
