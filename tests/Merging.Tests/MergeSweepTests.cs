using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Configurations whose corners were found by running hundreds of them through mergekit and this merger; tests/golden/merge-sweep/README.md says what each is for.</summary>
public sealed class MergeSweepTests : IDisposable
{
    // Its threshold is a quantile of rounded divergences: an element that lies on it may fall to either side.
    private const double ArceeShare = 2e-3;

    private static readonly string Root = Repository.Golden("merge-sweep");
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Cases() => [.. Directory.EnumerateDirectories(Path.Combine(Root, "cases")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string id)
    {
        var folder = Path.Combine(Root, "cases", id);
        var file = Path.Combine(folder, "config.yaml");
        MergeEngine.Run(
            MergeConfig.Parse(File.ReadAllText(file), file),
            new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(Path.Combine(Root, "inputs")), FlushToDisk = false });

        using var got = Checkpoint.Open(_folder["m"]);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        got.Tensors.Keys.Order(StringComparer.Ordinal).ShouldBe(expected.Tensors.Keys.Order(StringComparer.Ordinal));
        var rows = RowsInTheirOrder(folder);
        var (off, all) = (0L, 0L);
        foreach (var (name, wanted) in expected.Tensors)
        {
            var tensor = got.Tensor(name);
            (name, tensor.DType, string.Join('x', tensor.Shape)).ShouldBe((name, wanted.DType, string.Join('x', wanted.Shape)));
            all += wanted.ElementCount;
            off += CountDifferent(rows is not null && wanted.Shape[0] == rows.Length ? Reordered(tensor, rows) : GoldenMerge.Values(tensor), GoldenMerge.Values(wanted), wanted.DType);
        }

        off.ShouldBeLessThanOrEqualTo(id.Contains("arcee", StringComparison.Ordinal) ? (long)(ArceeShare * all) : 0);
    }

    [Fact]
    public void Tokens_without_a_row_leave_the_tokenizer()
    {
        var file = Path.Combine(Root, "cases", "tokens-without-rows-base", "config.yaml");
        var options = new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(Path.Combine(Root, "inputs")), FlushToDisk = false };

        var result = MergeEngine.Run(MergeConfig.Parse(File.ReadAllText(file), file), options);

        result.Warnings.ShouldContain("tok/trunc: 2 token(s) of its tokenizer have no row in its embedding and are left out: <q>, <r>");
        File.ReadAllText(_folder["m", "tokenizer.json"]).ShouldNotContain("<q>");
        Tokenizers.ReadVocabulary(_folder["m"]).Values.Max().ShouldBe(ModelConfig.Read(_folder["m"]).VocabSize - 1);
    }

    [Fact]
    public void A_model_without_a_tokenizer_is_read_with_the_bases_and_the_result_says_so()
    {
        var file = Path.Combine(Root, "cases", "tokens-no-tokenizer", "config.yaml");
        var options = new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(Path.Combine(Root, "inputs")), FlushToDisk = false };

        MergeEngine.Run(MergeConfig.Parse(File.ReadAllText(file), file), options).Warnings.ShouldContain("tok/notok has no tokenizer: its tokens are taken to be those of tok/base");
        Should.Throw<Domain.InvalidInputException>(() => MergeEngine.Run(MergeConfig.Parse(File.ReadAllText(file).Replace("union", "tok/notok"), file), options with { Output = _folder["n"] }))
            .Message.ShouldContain("the tokenizer is to come from here, and there is none");
    }

    [Fact]
    public void Layers_that_are_moved_stay_of_their_kind()
    {
        var file = Path.Combine(Root, "cases", "layer-kinds", "config.yaml");
        var options = new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(Path.Combine(Root, "inputs")), FlushToDisk = false };

        MergeEngine.Run(MergeConfig.Parse(File.ReadAllText(file), file), options);

        // Layer 1 of one model, then layers 0 and 1 of another; gemma2 begins with a sliding window.
        ModelConfig.Read(_folder["m"]).SlidingLayers.ShouldBe([false, true, false]);
    }

    private static long CountDifferent(double[] got, double[] wanted, DType type)
    {
        // 16-bit results are the reference's to the bit; float32 ones within a few roundings of numbers of the tensor's size.
        var size = Math.Sqrt(wanted.Average(v => v * v));
        return got.Zip(wanted).LongCount(pair => !(Math.Abs(pair.First - pair.Second) <= (type == DType.F32 ? 2e-6 * (Math.Abs(pair.Second) + size) : 0)));
    }

    // For each row of the reference our row of the same token: the order of new tokens is random there.
    private int[]? RowsInTheirOrder(string folder)
    {
        var file = Path.Combine(folder, "vocabulary.json");
        if (!File.Exists(file))
        {
            return null;
        }

        var theirs = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(file))!;
        var ours = Tokenizers.ReadVocabulary(_folder["m"]);
        theirs.Keys.Order(StringComparer.Ordinal).ShouldBe(ours.Keys.Order(StringComparer.Ordinal));
        var rows = Enumerable.Range(0, ModelConfig.Read(_folder["m"]).VocabSize).ToArray();
        foreach (var (token, id) in theirs)
        {
            rows[id] = ours[token];
        }

        return rows;
    }

    private static double[] Reordered(SafetensorsTensor tensor, int[] rows)
    {
        var values = GoldenMerge.Values(tensor);
        var width = values.Length / rows.Length;
        return [.. rows.SelectMany(row => values.AsSpan(row * width, width).ToArray())];
    }
}
