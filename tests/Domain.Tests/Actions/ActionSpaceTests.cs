using CsCheck;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Tests.Specs;

namespace LamdAgent.Domain.Tests.Actions;

public sealed class ActionSpaceTests
{
    private static readonly SearchSpec Spec = SearchSpecReader.Parse(SearchSpecReaderTests.Yaml, "search.yaml", "/runs/x");

    /// <summary>m-0001 base; m-0002 and m-0003 trained from it; m-0004 from m-0002.</summary>
    private static Lineage Family()
    {
        var lineage = new Lineage();
        lineage.Add("m-0001", []);
        lineage.Add("m-0002", ["m-0001"]);
        lineage.Add("m-0003", ["m-0001"]);
        lineage.Add("m-0004", ["m-0002"]);
        return lineage;
    }

    [Fact]
    public void Trainings_are_models_times_datasets_times_parameters()
    {
        var space = new ActionSpace(Spec, Family(), ["m-0001", "m-0002"]);
        var sft = space.Type("sft");

        space.Enumerate(sft).Count().ShouldBe(2 * 2 * 4);
        space.UpperBound(sft).ShouldBe(16);
        space.Enumerate(sft).First().ToString().ShouldBe("sft(m-0001, tools; learning_rate=1e-3, num_train_epochs=1, per_device_train_batch_size=16)");
    }

    [Fact]
    public void Merges_count_orders_only_where_they_matter()
    {
        var space = new ActionSpace(Spec, Family(), ["m-0001", "m-0002", "m-0003"]);

        // [0.5, 0.5]: 3 pairs; [0.7, 0.3]: 6 ordered pairs
        space.Enumerate(space.Type("linear")).Count().ShouldBe(9);
        space.UpperBound(space.Type("linear")).ShouldBe(9);

        // t = 0.3: 6 ordered pairs; t = 0.5: 3 pairs
        space.Enumerate(space.Type("slerp")).Count().ShouldBe(9);
    }

    [Fact]
    public void Task_vectors_are_taken_against_the_nearest_common_ancestor_which_is_not_merged_itself()
    {
        var space = new ActionSpace(Spec, Family(), ["m-0001", "m-0002", "m-0003", "m-0004"]);
        var ties = space.Enumerate(space.Type("ties")).ToList();

        ties.Select(a => (string.Join("+", a.Models), a.BaseModel)).Distinct().ShouldBe([("m-0002+m-0003", "m-0001"), ("m-0003+m-0004", "m-0001"), ("m-0002+m-0003+m-0004", "m-0001")]);
        ((long)ties.Count).ShouldBeLessThanOrEqualTo(space.UpperBound(space.Type("ties")));
        space.TryMerge(space.Type("ties"), ["m-0002", "m-0004"], "h1").Error!.ShouldContain("m-0002 is the common ancestor");
    }

    [Fact]
    public void Models_without_a_common_ancestor_are_not_merged()
    {
        var lineage = Family();
        lineage.Add("m-0005", []);
        var space = new ActionSpace(Spec, lineage, ["m-0001", "m-0005"]);

        space.Enumerate(space.Type("slerp")).ShouldBeEmpty();
        space.TryMerge(space.Type("linear"), ["m-0001", "m-0005"], "h1").Error!.ShouldContain("share no ancestor");
    }

    [Theory]
    [InlineData("m-0009", "tools", "h1", "unknown model 'm-0009'")]
    [InlineData("m-0001", "pairs", "h1", "unknown dataset 'pairs' for sft")]
    [InlineData("m-0001", "tools", "h9", "unknown hyper-parameters 'h9' for sft; choose one of h1, h2, h3, h4")]
    public void Only_enumerated_ids_make_an_action(string model, string dataset, string set, string error)
    {
        var space = new ActionSpace(Spec, Family(), ["m-0001", "m-0002"]);
        space.TryTraining(space.Type("sft"), model, dataset, set).Error!.ShouldStartWith(error);
    }

    [Fact]
    public void Merge_choices_are_checked_and_brought_into_order()
    {
        var space = new ActionSpace(Spec, Family(), ["m-0001", "m-0002", "m-0003"]);

        space.TryMerge(space.Type("ties"), ["m-0003", "m-0002"], "h1").Action!.Models.ShouldBe(["m-0002", "m-0003"]);
        space.TryMerge(space.Type("linear"), ["m-0003", "m-0002"], "h2").Action!.Models.ShouldBe(["m-0003", "m-0002"]);
        space.TryMerge(space.Type("linear"), ["m-0003", "m-0003"], "h1").Error!.ShouldContain("must be different");
        space.TryMerge(space.Type("linear"), ["m-0001", "m-0002", "m-0003"], "h1").Error!.ShouldContain("takes 2 models, not 3");
    }

    [Fact]
    public void Every_enumerated_action_can_be_chosen_by_its_ids_and_is_there_once()
    {
        Gen.Int[1, 7].Select(Gen.Int[0, 1000]).Sample((n, seed) =>
        {
            var random = new Random(seed);
            var lineage = new Lineage();
            var pool = new List<string>();
            for (var i = 1; i <= n; i++)
            {
                var parents = pool.Count == 0 ? [] : pool.OrderBy(_ => random.Next()).Take(random.Next(0, Math.Min(3, pool.Count) + 1)).ToList();
                pool.Add(ModelId.Format(i));
                lineage.Add(pool[^1], parents);
            }

            var space = new ActionSpace(Spec, lineage, pool);
            foreach (var type in Spec.Actions)
            {
                var actions = space.Enumerate(type).ToList();
                actions.Select(a => a.ToString()).Distinct().Count().ShouldBe(actions.Count);
                ((long)actions.Count).ShouldBeLessThanOrEqualTo(space.UpperBound(type));
                foreach (var action in actions)
                {
                    var set = type.ParameterSets.First(s => s.Values == action.Parameters).Id;
                    var again = action.Kind == ActionKind.Train
                        ? space.TryTraining(type, action.Models[0], action.Datasets[0], set)
                        : space.TryMerge(type, action.Models, set);
                    again.Action!.ToString().ShouldBe(action.ToString());
                    if (action.BaseModel is not null && type.Base == MergeBase.CommonAncestor)
                    {
                        action.Models.ShouldAllBe(m => lineage.IsAncestor(action.BaseModel, m) && m != action.BaseModel);
                    }
                }
            }
        }, iter: 60);
    }
}
