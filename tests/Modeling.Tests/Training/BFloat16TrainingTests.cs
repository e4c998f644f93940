using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

/// <summary>bfloat16 computing over float32 masters, on whatever processor the tests run.</summary>
public sealed class BFloat16TrainingTests
{
    [Theory]
    [InlineData("method: sft\nlearning_rate: 1e-3\nmax_steps: 6\nper_device_train_batch_size: 4", 0.01)]
    [InlineData("method: sft\nlearning_rate: 1e-3\nmax_steps: 4\nper_device_train_batch_size: 4\ngradient_accumulation_steps: 2\npacking: true\nmax_length: 64\ngradient_checkpointing: true", 0.01)]
    [InlineData("method: dpo\nlearning_rate: 1e-3\nmax_steps: 4\nper_device_train_batch_size: 3", 0.05)]
    [InlineData("method: reward\nlearning_rate: 1e-3\nmax_steps: 4\nper_device_train_batch_size: 3", 0.05)]
    [InlineData("method: sft\nlearning_rate: 1e-2\nmax_steps: 6\nper_device_train_batch_size: 4\nlora: {r: 4, lora_dropout: 0}", 0.01)]
    public void Bfloat16_trains_as_float32_up_to_its_rounding(string yaml, double tolerance)
    {
        using var folder = new TemporaryFolder();
        Run(yaml + "\nprecision: float32", folder["wide"]);
        Run(yaml + "\nprecision: bfloat16", folder["narrow"]);
        Computed(folder["wide"]).ShouldBe("float32");
        Computed(folder["narrow"]).ShouldBe("bfloat16");
        foreach (var (metric, share) in ((string, double)[])[("loss", tolerance), ("grad_norm", 5 * tolerance)])
        {
            var (wide, narrow) = (TestTraining.Metric(folder["wide"], metric), TestTraining.Metric(folder["narrow"], metric));
            narrow.ShouldNotBe(wide); // or nothing was rounded
            for (var i = 0; i < wide.Length; i++)
            {
                narrow[i].ShouldBe(wide[i], share * Math.Max(1, Math.Abs(wide[i])), $"{metric} of step {i + 1}");
            }
        }

        // The masters are float32: weights of a size where bfloat16 has steps of 1/256 move by less than that.
        using var start = Checkpoint.Open(TestTraining.Model);
        using var trained = Checkpoint.Open(folder["narrow"]);
        var (before, after) = (Floats(start), Floats(trained));
        var largest = Enumerable.Range(0, before.Length).MaxBy(i => Math.Abs(before[i]));
        after[largest].ShouldNotBe(before[largest]);
        Math.Abs(after[largest] - before[largest]).ShouldBeLessThan(Math.Abs(before[largest]) / 4);

        static float[] Floats(Checkpoint checkpoint) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(checkpoint.Tensor("model.layers.0.self_attn.q_proj.weight").Bytes).ToArray();
    }

    private static void Run(string yaml, string output) => Trainer.Run(
        TestTraining.Recipe(yaml), new TrainingJob { ModelFolder = TestTraining.Model, OutputFolder = output, PrecisionEvenWhereSlow = true });

    private static string Computed(string folder) => ModelManifest.Read(folder).Parameters!.Value.GetProperty("compute").GetString()!;
}
