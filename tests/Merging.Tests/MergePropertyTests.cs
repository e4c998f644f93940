using System.Globalization;
using CsCheck;
using LamdAgent.Checkpoints;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

public sealed class MergePropertyTests
{
    // Three models' weights of one shape: a matrix, a row or a column.
    private static readonly Gen<(long[] Shape, float[][] Values)> Weights =
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 30]).Where((rows, columns) => rows * columns >= 10).SelectMany(shape =>
            Gen.Float[-2, 2].Array[shape.Item1 * shape.Item2].Array[3].Select(values => (new long[] { shape.Item1, shape.Item2 }, values)));

    [Fact]
    public void Merging_a_model_with_itself_is_the_identity()
    {
        Weights.Sample(
            weights =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, ("a", weights.Values[0]), ("b", weights.Values[0]), ("c", weights.Values[0]));
                foreach (var method in MergeMethodCatalogue.All.Where(m => m.IsSearchable))
                {
                    var merged = TinyModel.MergeVector(folder.Path, Yaml(method, ["a", "b", "c"], 0.5));
                    merged.Zip(weights.Values[0]).ShouldAllBe(p => Math.Abs(p.First - p.Second) <= 2e-6f, method.Name);
                }
            },
            iter: 5,
            threads: 1);
    }

    [Fact]
    public void Weights_permute_with_models()
    {
        Gen.Select(Weights, Gen.Double[0.1, 0.9], Gen.Double[0.1, 0.9]).Sample(
            (weights, first, second) =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, ("base", weights.Values[0]), ("b", weights.Values[1]), ("c", weights.Values[2]));
                foreach (var method in new[] { "linear", "task_arithmetic", "ties", "ties_paper", "breadcrumbs_ties", "nuslerp", "multislerp" })
                {
                    var @base = method is "linear" or "nuslerp" or "multislerp" ? "" : "base_model: base\n";
                    string Model(string name, double weight) => FormattableString.Invariant($"- {{model: {name}, parameters: {{weight: {weight}, density: 0.5, gamma: 0.1}}}}\n");
                    var one = TinyModel.MergeVector(folder.Path, $"merge_method: {method}\n{@base}models:\n{Model("b", first)}{Model("c", second)}");
                    var two = TinyModel.MergeVector(folder.Path, $"merge_method: {method}\n{@base}models:\n{Model("c", second)}{Model("b", first)}");
                    one.Zip(two).ShouldAllBe(p => Math.Abs(p.First - p.Second) <= 2e-6f, method);
                }
            },
            iter: 8,
            threads: 1);
    }

    [Fact]
    public void Ties_of_density_1_of_one_model_is_task_arithmetic()
    {
        Gen.Select(Weights, Gen.Double[0.1, 2], Gen.Int[0, 2].Select(i => new[] { "float32", "bfloat16", "float16" }[i])).Sample(
            (weights, weight, type) =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, ("base", weights.Values[0]), ("b", weights.Values[1]));
                var rest = FormattableString.Invariant($"base_model: base\nmodels:\n- {{model: b, parameters: {{weight: {weight}, density: 1}}}}\nparameters: {{normalize: false}}\ndtype: {type}\n");
                TinyModel.MergeVector(folder.Path, "merge_method: ties\n" + rest).ShouldBe(TinyModel.MergeVector(folder.Path, "merge_method: task_arithmetic\n" + rest));
            },
            iter: 15,
            threads: 1);
    }

    [Fact]
    public void Lambda_scales_the_change()
    {
        Gen.Select(Weights, Gen.Double[0.1, 3]).Sample(
            (weights, lambda) =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, ("base", weights.Values[0]), ("b", weights.Values[1]));
                foreach (var method in new[] { "task_arithmetic", "ties", "ties_paper", "dare_ties", "della", "breadcrumbs" })
                {
                    string Yaml(double by) => FormattableString.Invariant($"merge_method: {method}\nbase_model: base\nmodels:\n- {{model: b, parameters: {{weight: 1, density: 0.5, gamma: 0.1}}}}\nparameters: {{lambda: {by}}}\n");
                    var one = TinyModel.MergeVector(folder.Path, Yaml(1));
                    var scaled = TinyModel.MergeVector(folder.Path, Yaml(lambda));
                    for (var i = 0; i < one.Length; i++)
                    {
                        var start = weights.Values[0][i];
                        (scaled[i] - start).ShouldBe((float)lambda * (one[i] - start), 3e-5f, method);
                    }
                }
            },
            iter: 6,
            threads: 1);
    }

    [Fact]
    public void A_merge_of_scaled_models_is_the_scaled_merge()
    {
        // By a power of two, so that nothing is rounded differently. Methods with a limit of their own (ram's epsilon, nearswap's t) do not scale.
        Gen.Select(Weights, Gen.Int[0, 3].Select(i => new[] { 0.25f, 0.5f, 2f, 4f }[i])).Sample(
            (weights, scale) =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, ("a", weights.Values[0]), ("b", weights.Values[1]), ("c", weights.Values[2]));
                using var other = new TemporaryFolder();
                float[] Scaled(float[] values) => [.. values.Select(v => v * scale)];
                Write(other, weights.Shape, ("a", Scaled(weights.Values[0])), ("b", Scaled(weights.Values[1])), ("c", Scaled(weights.Values[2])));
                foreach (var name in new[] { "linear", "slerp", "nuslerp", "task_arithmetic", "ties", "ties_paper", "dare_ties", "della_linear", "breadcrumbs_ties", "karcher" })
                {
                    var yaml = Yaml(MergeMethodCatalogue.Find(name)!, ["a", "b", "c"], 0.6);
                    var one = TinyModel.MergeVector(folder.Path, yaml);
                    TinyModel.MergeVector(other.Path, yaml).Zip(one).ShouldAllBe(p => Math.Abs(p.First - (scale * p.Second)) <= 4e-6f * scale, name);
                }
            },
            iter: 6,
            threads: 1);
    }

    [Fact]
    public void Results_are_rounded_to_bfloat16_once()
    {
        Gen.Select(Weights, Gen.Double[0.1, 0.9]).Sample(
            (weights, t) =>
            {
                using var folder = new TemporaryFolder();
                Write(folder, weights.Shape, DType.BF16, ("base", weights.Values[0]), ("b", weights.Values[1]), ("c", weights.Values[2]));
                foreach (var method in new[] { "linear", "ties", "slerp", "nuslerp", "multislerp", "karcher", "model_stock", "sce" })
                {
                    var two = method is "slerp" or "nuslerp";
                    var rest = FormattableString.Invariant($"merge_method: {method}\n")
                        + (method is "slerp" or "ties" or "model_stock" or "sce" ? "base_model: base\n" : "")
                        + FormattableString.Invariant($"models:\n- {{model: b, parameters: {{weight: {t}, density: 0.5}}}}\n")
                        + (method == "slerp" ? "" : "- {model: c, parameters: {weight: 0.5, density: 0.5}}\n")
                        + (two || method is "ties" or "model_stock" or "sce" ? "" : "- {model: base, parameters: {weight: 0.2}}\n")
                        + FormattableString.Invariant($"parameters: {{t: {t}}}\n");
                    var wide = TinyModel.MergeVector(folder.Path, rest + "dtype: float32\n");
                    var narrow = TinyModel.MergeVector(folder.Path, rest + "dtype: float32\nout_dtype: bfloat16\n");
                    narrow.ShouldBe(wide.Select(Numerics.Brain16.Round), method);
                }
            },
            iter: 8,
            threads: 1);
    }

    [Fact]
    public void Thinning_is_the_same_in_vectors_and_one_by_one()
    {
        Gen.Select(Gen.Long, Gen.Long[0, 1L << 33], Gen.Int[1, 100], Gen.Double[0, 1]).Sample((seed, start, length, keep) =>
        {
            var values = Enumerable.Repeat(1f, length).ToArray();
            var doubles = Enumerable.Repeat(1.0, length).ToArray();
            Numerics.CounterRandom.Thin<float>(seed, start, keep, values);
            Numerics.CounterRandom.Thin<double>(seed, start, keep, doubles);
            for (var i = 0; i < length; i++)
            {
                (values[i] == 1).ShouldBe(doubles[i] == 1);
                (values[i] == 1).ShouldBe(Numerics.CounterRandom.Uniform(seed, start + i) < (float)keep);
            }
        });
    }

    [Fact]
    public void Ranks_are_those_of_a_sort()
    {
        Gen.Float[-1, 1].Array[1, 300].Sample(values =>
        {
            var magnitudes = values.Select(v => BitConverter.SingleToUInt32Bits(MathF.Abs(v))).ToArray();
            var order = new int[magnitudes.Length];
            Methods.TaskVectors.RowRankSparsifier.Ranks(magnitudes, new uint[magnitudes.Length], order);
            order.ShouldBe(Enumerable.Range(0, values.Length).OrderBy(i => MathF.Abs(values[i])));
        });
    }

    [Fact]
    public void Bfloat16_rounds_to_nearest_even()
    {
        Gen.Float.Array[1, 70].Sample(values =>
        {
            var stored = new ushort[values.Length];
            Numerics.Brain16.Narrow(values, stored);
            var back = new float[values.Length];
            Numerics.Brain16.Widen(stored, back);
            var rounded = (float[])values.Clone();
            Numerics.Brain16.Round(rounded);
            for (var i = 0; i < values.Length; i++)
            {
                if (float.IsNaN(values[i]))
                {
                    float.IsNaN(back[i]).ShouldBeTrue();
                    continue;
                }

                back[i].ShouldBe(rounded[i]);
                back[i].ShouldBe(Numerics.Brain16.Round(values[i]));
                // No other number of the format is nearer.
                if (float.IsFinite(back[i]) && float.IsFinite(values[i]))
                {
                    var bits = BitConverter.SingleToUInt32Bits(back[i]);
                    foreach (var other in new[] { bits + 0x10000, bits - 0x10000 }.Select(BitConverter.UInt32BitsToSingle).Where(float.IsFinite))
                    {
                        Math.Abs((double)back[i] - values[i]).ShouldBeLessThanOrEqualTo(Math.Abs((double)other - values[i]));
                    }
                }
            }
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Exact_selection_keeps_as_many_as_it_should_on_tensors_of_many_blocks(int threads)
    {
        // 40,000 elements with few different magnitudes: the cut falls among equals in the middle of some block.
        using var folder = new TemporaryFolder();
        var values = Enumerable.Range(0, 40_000).Select(i => ((i * 7919) % 11) - 5f).ToArray();
        TinyModel.WriteVector(folder["base"], new float[values.Length]);
        TinyModel.WriteVector(folder["a"], values);
        foreach (var density in new[] { 0.1, 0.33, 0.5, 0.77 })
        {
            var config = MergeConfig.Parse(FormattableString.Invariant($"merge_method: ties\nbase_model: base\nmodels:\n- {{model: a, parameters: {{weight: 1, density: {density}}}}}\n"), "x.yaml");
            var output = folder[density.ToString(CultureInfo.InvariantCulture)];
            MergeEngine.Run(config, new MergeOptions { Output = output, Resolve = MergeOptions.BelowFolder(folder.Path), FlushToDisk = false, Threads = threads });

            var merged = TinyModel.ReadTensor(output, "model.layers.0.w");
            var keep = (int)(density * values.Length);
            var wanted = Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(values[i])).ThenBy(i => i).Take(keep).ToHashSet();
            for (var i = 0; i < values.Length; i++)
            {
                merged[i].ShouldBe(wanted.Contains(i) ? values[i] : 0);
            }
        }
    }

    private static void Write(TemporaryFolder folder, long[] shape, params (string Name, float[] Values)[] models) => Write(folder, shape, DType.F32, models);

    private static void Write(TemporaryFolder folder, long[] shape, DType type, params (string Name, float[] Values)[] models)
    {
        foreach (var (name, values) in models)
        {
            TinyModel.Write(folder[name], [("model.layers.0.w", shape, values)], type);
        }
    }

    private static string Yaml(MergeMethod method, string[] models, double weight)
    {
        var needsBase = method.Base == BaseModelUse.Required;
        var count = method.CountsBase ? 1 : Math.Min(method.MaxModels, 2);
        var listed = needsBase ? models[1..(1 + count)] : models[..count];
        var entries = string.Concat(listed.Select(m => FormattableString.Invariant($"- {{model: {m}, parameters: {{weight: {weight}}}}}\n")));
        return $"merge_method: {method.Name}\n{(needsBase ? $"base_model: {models[0]}\n" : "")}models:\n{entries}parameters: {{t: 0.3}}\n";
    }
}
