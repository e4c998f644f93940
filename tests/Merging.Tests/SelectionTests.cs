using CsCheck;
using LamdAgent.Merging.Numerics;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Trimming keeps exactly the entries that a stable sort keeps, whatever their distribution, the tensor's size and the number of threads.</summary>
public sealed class SelectionTests
{
    [Fact]
    public void The_nth_key_is_that_of_a_sort()
    {
        Gen.Select(Gen.UInt[0, 40].Array[1, 400], Gen.UInt.Array[1, 400], Gen.Int[0, 1 << 20]).Sample((few, many, at) =>
        {
            foreach (var keys in new[] { few, many, [.. many.Order()] })
            {
                var rank = at % keys.Length;
                SampledSelection.Nth([.. keys], rank).ShouldBe(keys.Order().ElementAt(rank));
            }
        });
    }

    [Fact]
    public void A_band_tells_the_key_at_every_rank_that_it_holds()
    {
        Gen.Select(Gen.UInt[0, 60].Array[1, 300], Gen.UInt[0, 60], Gen.UInt[0, 60], Gen.Int[1, 40]).Sample((keys, a, b, blockLength) =>
        {
            var (low, high) = (Math.Min(a, b), Math.Max(a, b));
            var blocks = keys.Chunk(blockLength).ToList();
            var counts = new BandCounts(blocks.Count);
            for (var i = 0; i < blocks.Count; i++)
            {
                counts.Count(i, blocks[i], low, high, new uint[blocks[i].Length]);
            }

            var sorted = keys.Order().ToArray();
            for (var rank = 0; rank < keys.Length; rank++)
            {
                var cut = counts.Select(rank, low, high);
                if (sorted[rank] < low || sorted[rank] > high)
                {
                    cut.ShouldBeNull();
                    continue;
                }

                cut!.Key.ShouldBe(sorted[rank]);
                cut.Less.ShouldBe(keys.Count(k => k < cut.Key));
                cut.EqualPerBlock.ShouldBe(blocks.Select(block => block.Count(k => k == cut.Key)));
            }
        });
    }

    [Theory]
    [InlineData("spread", 1)]
    [InlineData("spread", 3)]
    [InlineData("few magnitudes", 2)]
    [InlineData("mostly zero", 2)]
    [InlineData("scales change from row to row", 2)]
    [InlineData("the sample is misled", 2)]
    public void Large_tensors_are_trimmed_exactly(string distribution, int threads)
    {
        Gen.Select(Gen.Int[70_000, 160_000], Gen.Int, Gen.Double[0.02, 0.98]).Sample(
            (length, seed, density) =>
            {
                using var folder = new TemporaryFolder();
                var random = new Random(seed);
                var values = Enumerable.Range(0, length).Select(i => Value(distribution, random, i, length)).ToArray();
                TinyModel.WriteVector(folder["base"], new float[length]);
                TinyModel.WriteVector(folder["a"], values);
                TinyModel.WriteVector(folder["b"], [.. values.Reverse()]);
                var yaml = FormattableString.Invariant($"merge_method: ties\nbase_model: base\nmodels:\n- {{model: a, parameters: {{weight: 1, density: {density}}}}}\n- {{model: b, parameters: {{weight: 0, density: 0.5}}}}\nparameters: {{normalize: false}}\n");
                MergeEngine.Run(MergeConfig.Parse(yaml, "x.yaml"), new MergeOptions { Output = folder["m"], Resolve = MergeOptions.BelowFolder(folder.Path), FlushToDisk = false, Threads = threads });

                var merged = TinyModel.ReadTensor(folder["m"], "model.layers.0.w");
                var kept = Enumerable.Range(0, length).OrderByDescending(i => Math.Abs(values[i])).ThenBy(i => i).Take((int)(density * length)).ToHashSet();
                for (var i = 0; i < length; i++)
                {
                    // b has no weight: a's entry stands where it is kept.
                    merged[i].ShouldBe(kept.Contains(i) ? values[i] : 0);
                }
            },
            iter: 3,
            threads: 1);
    }

    private static float Value(string distribution, Random random, int i, int length) => distribution switch
    {
        "few magnitudes" => random.Next(-4, 5),
        "mostly zero" => random.Next(10) == 0 ? random.Next(1, 1000) : 0,
        "scales change from row to row" => random.Next(-1000, 1001) * (1 + (i / 1024 % 7)),
        // Zero where the sample of 64 pieces looks, and nowhere else.
        "the sample is misled" => Enumerable.Range(0, 64).Select(piece => (long)piece * (length - 64) / 63).Any(start => i >= start && i < start + 64) ? 0 : random.Next(1, 100_000),
        _ => random.Next(-1_000_000, 1_000_001) / 100f,
    };
}
