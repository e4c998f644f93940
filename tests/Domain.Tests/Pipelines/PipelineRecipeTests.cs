using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Recipes;

namespace LamdAgent.Domain.Tests.Pipelines;

public sealed class PipelineRecipeTests
{
    private static PipelineAction Sft(string model) => new()
    {
        Type = "sft",
        Kind = ActionKind.Train,
        Models = [model],
        Datasets = ["tools"],
        Parameters = new Dictionary<string, string> { ["learning_rate"] = "2e-4", ["lora"] = "{r: 8, lora_alpha: 16}", ["lr_scheduler_type"] = "cosine" },
    };

    private static readonly PipelineAction Ties = new()
    {
        Type = "ties",
        Kind = ActionKind.Merge,
        Models = ["m-0002", "m-0003"],
        BaseModel = "m-0001",
        Parameters = new Dictionary<string, string> { ["weight"] = "[0.7, 0.3]", ["density"] = "0.5", ["normalize"] = "true" },
    };

    private static readonly PipelineRecipe Recipe = new()
    {
        Name = "tool-use",
        Result = "m-0004",
        DataFraction = 0.5,
        Models = [new PipelineInput("m-0001", "/models/base one", "aa", "base")],
        Datasets = [new PipelineInput("tools", "/data/tools.jsonl", "bb", "tools", "messages")],
        Steps = [new("m-0002", Sft("m-0001"), 5, "cc"), new("m-0003", Sft("m-0002"), 6, null), new("m-0004", Ties, 7, "dd")],
    };

    [Fact]
    public void A_pipeline_file_says_what_was_written()
    {
        var yaml = Recipe.ToYaml();
        var back = PipelineRecipe.Parse(yaml, "pipeline.yaml", "/elsewhere");

        back.ToYaml().ShouldBe(yaml);
        back.Models[0].Path.ShouldBe("/models/base one");
        back.Steps[2].Action.ToString().ShouldBe(Ties.ToString());
        back.Steps[0].Action.Parameters["lora"].ShouldBe("{r: 8, lora_alpha: 16}");
    }

    [Theory]
    [InlineData("from: [m-0002]", "from: [m-0009]", "unknown value 'm-0009'")]
    [InlineData("action: ties", "action: tis", "unknown value 'tis'; did you mean 'ties'?")]
    [InlineData("lamd_pipeline: 1", "lamd_pipeline: 2", "2 is out of range")]
    [InlineData("seed: 5", "sed: 5", "'seed' is missing")]
    [InlineData("from: [m-0002, m-0003]", "from: [m-0002]", "ties takes at least two models")]
    public void A_wrong_pipeline_file_is_refused_with_its_line(string right, string wrong, string message)
    {
        var yaml = Recipe.ToYaml();
        yaml.ShouldContain(right);
        var error = Should.Throw<InvalidInputException>(() => PipelineRecipe.Parse(yaml.Replace(right, wrong, StringComparison.Ordinal), "pipeline.yaml", "/"));
        error.Message.ShouldContain(message);
        error.Line.ShouldNotBeNull();
    }

    [Fact]
    public void A_training_becomes_a_recipe()
    {
        var recipe = StepRecipes.Training(Sft("m-0001"), "/models/base one", [new DatasetReference("/data/tools.jsonl", "messages")], 5, 0.5, "/spec");

        recipe.Method.ShouldBe(TrainingMethod.Sft);
        recipe.Model.ShouldBe("/models/base one");
        recipe.Optimization.LearningRate.ShouldBe(2e-4);
        recipe.Lora!.Rank.ShouldBe(8);
        recipe.Run.Seed.ShouldBe(5);
        recipe.Data.Train.ShouldBe([new DatasetReference("/data/tools.jsonl", "messages", 0.5)]);
    }

    [Fact]
    public void A_merge_becomes_a_mergekit_configuration()
    {
        StepRecipes.Merge(Ties, id => "/store/" + id).ShouldBe("""
            merge_method: ties
            base_model: "/store/m-0001"
            models:
              - model: "/store/m-0002"
                parameters: {weight: 0.7, density: 0.5}
              - model: "/store/m-0003"
                parameters: {weight: 0.3, density: 0.5}
            parameters: {normalize: true}
            dtype: float32
            out_dtype: auto

            """);
    }
}
