using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Runs reference cases and compares as tests/golden/merge/README.md says.</summary>
internal static class GoldenMerge
{
    public static string Inputs { get; } = Repository.Golden("merge", "inputs");

    public static MergeConfig Config(string caseFolder)
    {
        var file = Path.Combine(caseFolder, "config.yaml");
        return MergeConfig.Parse(File.ReadAllText(file), file);
    }

    public static MergeResult Run(MergeConfig config, string output, int threads = 2) => MergeEngine.Run(
        config,
        new MergeOptions { Output = output, Resolve = MergeOptions.BelowFolder(Inputs), FlushToDisk = false, Threads = threads });

    /// <summary>Differences to the reference, empty when there are none beyond the tolerance.</summary>
    public static List<string> Compare(string caseFolder, string output, Func<string, bool>? skip = null)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(caseFolder, "expected.json")));
        var root = expected.RootElement;
        var problems = new List<string>();
        using var got = Checkpoint.Open(output);
        using var reference = SafetensorsFile.Open(Path.Combine(caseFolder, "output.safetensors"));
        var ambiguousPath = Path.Combine(caseFolder, "ambiguous.safetensors");
        using var ambiguous = File.Exists(ambiguousPath) ? SafetensorsFile.Open(ambiguousPath) : null;
        var tolerance = root.GetProperty("tolerance");
        var (atol, rtol) = (tolerance.GetProperty("atol").GetDouble(), tolerance.GetProperty("rtol").GetDouble());
        var allowed = tolerance.TryGetProperty("max_mismatch_fraction", out var fraction) ? fraction.GetDouble() : 0;
        var exact = root.GetProperty("needs_bfloat16_arithmetic").GetBoolean() && tolerance.TryGetProperty("bit_exact_with_rounding_after_each_operation", out var bits) && bits.GetBoolean();

        var tensors = root.GetProperty("tensors").EnumerateObject().ToDictionary(t => t.Name, t => t.Value, StringComparer.Ordinal);
        if (!tensors.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(got.Tensors.Keys))
        {
            problems.Add($"names differ: {string.Join(", ", tensors.Keys.Except(got.Tensors.Keys).Concat(got.Tensors.Keys.Except(tensors.Keys)))}");
            return problems;
        }

        var order = VocabularyOrder(root, output);
        var (mismatches, elements) = (0L, 0L);
        foreach (var (name, summary) in tensors)
        {
            var tensor = got.Tensor(name);
            if (tensor.DType.TorchName() != summary.GetProperty("dtype").GetString() || !tensor.Shape.SequenceEqual(summary.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())))
            {
                problems.Add($"{name}: {tensor.DType} [{string.Join(",", tensor.Shape)}]");
                continue;
            }

            var values = Values(tensor);
            if (order is not null && tensor.Shape[0] == order.Length)
            {
                var width = values.Length / order.Length;
                values = [.. order.SelectMany(row => values.AsSpan(row * width, width).ToArray())];
            }

            if (skip?.Invoke(name) == true)
            {
                continue;
            }

            elements += values.Length;
            if (reference.Tensors.TryGetValue(name, out var stored))
            {
                var wanted = Values(stored);
                var flags = ambiguous is not null && ambiguous.Tensors.TryGetValue(name, out var a) ? a.Bytes.ToArray() : null;
                for (var i = 0; i < values.Length; i++)
                {
                    var off = exact ? values[i] != wanted[i] : !(Math.Abs(values[i] - wanted[i]) <= atol + (rtol * Math.Abs(wanted[i])));
                    if (off && (flags is null || flags[i] == 0))
                    {
                        if (mismatches++ < 3)
                        {
                            problems.Add($"{name}[{i}]: {values[i]:R} instead of {wanted[i]:R}");
                        }
                    }
                }
            }
            else
            {
                var near = summary.GetProperty("dtype").GetString() == "float32" ? (root.GetProperty("method").GetString() == "arcee_fusion" ? 1e-3 : 1e-5) : 2e-3;
                Near("l2", Math.Sqrt(values.Sum(v => v * v)), near);
                Near("l1", values.Sum(Math.Abs), near);
                foreach (var probe in summary.TryGetProperty("probes", out var probes) ? probes.EnumerateArray().ToList() : [])
                {
                    var (index, value) = (probe[0].GetInt32(), probe[1].GetDouble());
                    if (!(Math.Abs(values[index] - value) <= Math.Max(atol, 1e-8 * Math.Abs(value)) + (rtol * Math.Abs(value))) && mismatches++ < 3)
                    {
                        problems.Add($"{name} probe {index}: {values[index]:R} instead of {value:R}");
                    }
                }
            }

            void Near(string what, double actual, double relative)
            {
                var wanted = summary.GetProperty(what).GetDouble();
                if (!(Math.Abs(actual - wanted) <= relative * Math.Max(wanted, 1e-12)))
                {
                    problems.Add($"{name} {what}: {actual:R} instead of {wanted:R}");
                }
            }
        }

        return mismatches <= allowed * elements ? problems.FindAll(p => !p.Contains('[') && !p.Contains("probe") || allowed == 0) : problems;
    }

    public static double[] Values(SafetensorsTensor tensor)
    {
        var values = new double[tensor.ElementCount];
        Numerics.ElementConversion.Read<double>(tensor.Bytes, tensor.DType, values);
        return values;
    }

    // Rows of our output in the reference's order of tokens.
    private static int[]? VocabularyOrder(JsonElement root, string output)
    {
        if (!root.TryGetProperty("output_vocabulary", out var vocabulary))
        {
            return null;
        }

        var ours = Tokenizers.ReadVocabulary(output);
        return [.. vocabulary.EnumerateObject().OrderBy(t => t.Value.GetInt32()).Select(t => ours[t.Name])];
    }
}
