using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class GoldenCurveTests
{
    [Theory]
    [InlineData("sft")]
    [InlineData("sft-accumulated")]
    [InlineData("dpo")]
    [InlineData("dpo-accumulated")]
    public void The_curve_and_the_final_weights_are_those_of_pytorch(string name)
    {
        using var folder = new TemporaryFolder();
        using var golden = JsonDocument.Parse(File.ReadAllText(Repository.Golden("train", name + ".json")));
        var recipe = TrainingRecipe.FromSettings(
                golden.RootElement.GetProperty("recipe").EnumerateObject().Select(p => KeyValuePair.Create(p.Name, (object?)p.Value)), name)
            .ResolvePaths(Repository.Golden("train"));
        recipe = recipe with { Run = recipe.Run with { NumThreads = 1 } };
        Trainer.Run(recipe, new TrainingJob { ModelFolder = Repository.Golden("models", "llama-untied"), OutputFolder = folder["out"] });

        MetricsCurve.ShouldFollow(folder["out", "metrics.jsonl"], golden.RootElement.GetProperty("log"), static (metric, expected) => metric switch
        {
            "learning_rate" => 1e-9,
            "grad_norm" => 1e-3 * Math.Abs(expected),
            "logps/chosen" or "logps/rejected" => 2e-3,
            _ => 2e-4,
        });

        using var trained = Checkpoint.Open(folder["out"]);
        using var reference = SafetensorsFile.Open(Repository.Golden("train", name + ".safetensors"));
        foreach (var tensorName in golden.RootElement.GetProperty("final").EnumerateArray().Select(t => t.GetString()!))
        {
            var actual = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(trained.Tensor(tensorName).Bytes);
            var expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(reference.Tensors[tensorName].Bytes);
            for (var i = 0; i < expected.Length; i++)
            {
                if (Math.Abs(actual[i] - expected[i]) > 5e-4f)
                {
                    Assert.Fail($"{tensorName}[{i}]: {actual[i]} instead of {expected[i]}");
                }
            }
        }
    }
}
