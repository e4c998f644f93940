using System.Numerics;
using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.TaskVectors;
using LamdAgent.Merging.Planning;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

public sealed class RandomMethodTests
{
    public static TheoryData<string> Cases() => [.. Directory.EnumerateDirectories(Repository.Golden("merge", "random")).Select(f => Path.GetFileName(f)!).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void With_the_given_masks_the_result_is_the_reference(string id)
    {
        var folder = Repository.Golden("merge", "random", id);
        var config = GoldenMerge.Config(folder);
        using var masks = SafetensorsFile.Open(Path.Combine(folder, "masks.safetensors"));
        using var reference = SafetensorsFile.Open(Path.Combine(folder, "output.safetensors"));
        using var inputs = MergeInputs.Open(config, MergeOptions.BelowFolder(GoldenMerge.Inputs));
        var original = MergeMethodCatalogue.Find(config.Method)!;
        var method = new TaskVectorMerge(
            original.Name, "", "", new GivenMasks(masks), election: original.Name is "dare_ties" or "della", original.Parameters.Single(p => p.Name == "normalize").Default == 1, rescale: true);

        foreach (var plan in inputs.Plan(config).Tensors.Where(t => reference.Tensors.ContainsKey(t.Name)))
        {
            var got = RunOne(plan with { Method = method });
            var wanted = GoldenMerge.Values(reference.Tensors[plan.Name]);
            for (var i = 0; i < got.Length; i++)
            {
                ((double)got[i]).ShouldBe(wanted[i], 1e-6, plan.Name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Over_many_seeds_mean_and_share_are_those_of_the_reference(string id)
    {
        const int Seeds = 60;
        var folder = Repository.Golden("merge", "random", id);
        var config = GoldenMerge.Config(folder);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        using var stats = SafetensorsFile.Open(Path.Combine(folder, "stats.safetensors"));
        var name = expected.RootElement.GetProperty("tensor").GetString()!;
        var theirSeeds = expected.RootElement.GetProperty("seeds").GetInt32();
        using var inputs = MergeInputs.Open(config, MergeOptions.BelowFolder(GoldenMerge.Inputs));
        double[] sum = [];
        for (var seed = 0; seed < Seeds; seed++)
        {
            var plan = inputs.Plan(config with { Seed = seed }).Tensors.Single(t => t.Name == name);
            var values = RunOne(plan);
            sum = sum.Length == 0 ? new double[values.Length] : sum;
            for (var i = 0; i < values.Length; i++)
            {
                sum[i] += values[i];
            }
        }

        var mean = GoldenMerge.Values(stats.Tensors.Values.Single(t => t.Name.EndsWith("mean", StringComparison.Ordinal)));
        var std = GoldenMerge.Values(stats.Tensors.Values.Single(t => t.Name.EndsWith("std", StringComparison.Ordinal)));
        var error = Math.Sqrt((1.0 / Seeds) + (1.0 / theirSeeds));
        sum.Select((s, i) => Math.Abs((s / Seeds) - mean[i]) <= (6 * std[i] * error) + 1e-6).Count(ok => ok).ShouldBeGreaterThanOrEqualTo((int)(0.999 * sum.Length));
    }

    [Fact]
    public void The_kept_share_is_density_and_rescaling_keeps_the_L1_norm()
    {
        foreach (var method in new[] { "dare_linear", "della_linear" })
        {
            // One model, weight 1: the result minus the base is the thinned and rescaled task vector.
            var config = MergeConfig.Parse($"merge_method: {method}\nbase_model: tiny-f32/base\nmodels:\n- {{model: tiny-f32/ft_a, parameters: {{weight: 1.0, density: 0.4}}}}\n", "x.yaml");
            using var inputs = MergeInputs.Open(config, MergeOptions.BelowFolder(GoldenMerge.Inputs));
            using var baseModel = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/base"));
            using var tuned = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/ft_a"));
            foreach (var plan in inputs.Plan(config).Tensors.Where(t => t.Length >= 2048))
            {
                var (b, x, y) = (GoldenMerge.Values(baseModel.Tensor(plan.Name)), GoldenMerge.Values(tuned.Tensor(plan.Name)), RunOne(plan));
                var kept = y.Select((v, i) => Math.Abs(v - b[i])).ToArray();
                kept.Sum().ShouldBe(x.Select((v, i) => Math.Abs(v - b[i])).Sum(), 1e-3 * kept.Sum());
                var share = kept.Count(d => d > 0) / (double)kept.Length;
                share.ShouldBe(0.4, 6 * Math.Sqrt(0.24 / kept.Length) + 0.01);
            }
        }
    }

    [Theory]
    [InlineData("della-mask")]
    [InlineData("della-linear-mask")]
    public void Keep_probabilities_are_those_of_the_reference(string id)
    {
        const string Name = "model.layers.0.self_attn.k_proj.weight";
        using var probabilities = SafetensorsFile.Open(Repository.Golden("merge", "random", id, "probs.safetensors"));
        using var baseModel = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/base"));
        using var tuned = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/ft_a"));
        var (b, x, wanted) = (GoldenMerge.Values(baseModel.Tensor(Name)), GoldenMerge.Values(tuned.Tensor(Name)), GoldenMerge.Values(probabilities.Tensors[$"{Name}/ft_a"]));
        const int Columns = 64;
        var (keys, order) = (new uint[Columns], new int[Columns]);
        for (var row = 0; row < b.Length / Columns; row++)
        {
            var magnitudes = Enumerable.Range(row * Columns, Columns).Select(i => BitConverter.SingleToUInt32Bits(MathF.Abs((float)x[i] - (float)b[i]))).ToArray();
            RowRankSparsifier.Ranks(magnitudes, keys, order);
            for (var rank = 0; rank < Columns; rank++)
            {
                wanted[(row * Columns) + order[rank]].ShouldBe(RowRankSparsifier.KeepProbability(0.5, 0.15, rank, Columns), 1e-6);
            }
        }
    }

    [Fact]
    public void Keep_probabilities_rise_with_the_rank()
    {
        RowRankSparsifier.KeepProbability(0.5, 0.15, 0, 5).ShouldBe(0.35, 1e-12);
        RowRankSparsifier.KeepProbability(0.5, 0.15, 2, 5).ShouldBe(0.5, 1e-12);
        RowRankSparsifier.KeepProbability(0.5, 0.15, 4, 5).ShouldBe(0.65, 1e-12);
    }

    [Theory]
    [InlineData("dare_ties")]
    [InlineData("della")]
    [InlineData("ties")]
    public void Bytes_depend_on_the_seed_and_not_on_the_threads(string method)
    {
        MergeConfig Config(int seed) => MergeConfig.Parse(
            $"merge_method: {method}\nseed: {seed}\nbase_model: tiny-f32/base\nmodels:\n- {{model: tiny-f32/ft_a, parameters: {{weight: 0.5, density: 0.5}}}}\n- {{model: tiny-f32/ft_b, parameters: {{weight: 0.5, density: 0.5}}}}\n", "x.yaml");
        using var output = new TemporaryFolder();
        GoldenMerge.Run(Config(7), output["one", "m"], threads: 1);
        GoldenMerge.Run(Config(7), output["four", "m"], threads: 4);
        GoldenMerge.Run(Config(8), output["other", "m"], threads: 1);

        var weights = File.ReadAllBytes(output["one", "m", "model.safetensors"]);
        File.ReadAllBytes(output["four", "m", "model.safetensors"]).ShouldBe(weights);
        File.ReadAllBytes(output["four", "m", "lamd.json"]).ShouldBe(File.ReadAllBytes(output["one", "m", "lamd.json"]));
        File.ReadAllBytes(output["other", "m", "model.safetensors"]).SequenceEqual(weights).ShouldBe(method == "ties");
    }

    internal static float[] RunOne(TensorPlan plan)
    {
        using var folder = new TemporaryFolder();
        using (var writer = CheckpointWriter.Create(folder.Path, [plan.Declare()], hash: false, flushToDisk: false))
        {
            using (var output = new OutputPipeline(writer))
            using (var session = new MergeSession([plan], new MergeThreads(1), CancellationToken.None))
            {
                plan.Method.Prepare(session);
                plan.Method.Merge(session.InSingle(plan, output));
                output.Complete();
            }

            writer.Finish();
        }

        using var file = SafetensorsFile.Open(folder["model.safetensors"]);
        return [.. GoldenMerge.Values(file.InOrder[0]).Select(v => (float)v)];
    }

    private sealed class GivenMasks(SafetensorsFile masks) : Sparsifier
    {
        public override string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) => null;

        public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
        {
            var model = tensor.Plan.Operands[operand].Model;
            var mask = masks.Tensors.TryGetValue($"{tensor.Plan.Name}/{model}", out var full) ? full : masks.Tensors[$"{tensor.Plan.Name}/{model.Split('/')[^1]}"];
            return (block, delta) =>
            {
                for (var i = 0; i < delta.Length; i++)
                {
                    if (mask.Bytes[(int)block.Start + i] == 0)
                    {
                        delta[i] = T.Zero;
                    }
                }
            };
        }
    }
}
