using System.Text.Json;
using LamdAgent.Modeling.Losses;
using LamdAgent.Modeling.Native;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

/// <summary>Reads the cases of tests/golden/losses, and turns their arrays into float64 tensors (float32 where a case says so) and back.</summary>
internal static class GoldenLosses
{
    static GoldenLosses() => TorchRuntime.Initialize();

    public static TheoryData<string> Names(string family)
    {
        var data = new TheoryData<string>();
        foreach (var c in Load(family))
        {
            data.Add(c.GetProperty("name").GetString()!);
        }

        return data;
    }

    public static JsonElement Case(string family, string name) => Load(family).Single(c => c.GetProperty("name").GetString() == name);

    public static ScalarType DType(JsonElement c) =>
        c.TryGetProperty("precision", out var p) && p.GetString() == "float32" ? ScalarType.Float32 : ScalarType.Float64;

    public static double[] Doubles(JsonElement array) => [.. Flatten(array)];

    public static int[] Lengths(JsonElement ragged) => [.. ragged.EnumerateArray().Select(r => r.GetArrayLength())];

    public static Tensor Flat(JsonElement array, ScalarType dtype = ScalarType.Float64, bool grad = false) =>
        tensor(Doubles(array), dtype: dtype).requires_grad_(grad);

    public static Tensor Shaped(JsonElement array, ScalarType dtype = ScalarType.Float64, bool grad = false) =>
        tensor(Doubles(array), dtype: dtype).reshape(Shape(array)).requires_grad_(grad);

    public static long[] Shape(JsonElement array)
    {
        var shape = new List<long>();
        for (; array.ValueKind == JsonValueKind.Array; array = array[0])
        {
            shape.Add(array.GetArrayLength());
        }

        return [.. shape];
    }

    public static CompletionLayout Layout(JsonElement ragged, ScalarType dtype = ScalarType.Float64) => new(Lengths(ragged), dtype);

    public static double Number(JsonElement parent, string key, double fallback) =>
        parent.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : fallback;

    public static double? Maybe(JsonElement parent, string key) =>
        parent.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : null;

    public static string Word(JsonElement parent, string key, string fallback) =>
        parent.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : fallback;

    public static void ShouldMatch(this Tensor actual, JsonElement expected, ScalarType dtype = ScalarType.Float64, string what = "gradient")
    {
        var tolerance = dtype == ScalarType.Float64 ? 1e-8 : 1e-4;
        var got = actual.detach().to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
        var want = Doubles(expected);
        got.Length.ShouldBe(want.Length, what);
        for (var i = 0; i < want.Length; i++)
        {
            Close(got[i], want[i], tolerance, $"{what}[{i}]");
        }
    }

    public static void Close(double actual, double expected, double tolerance, string what) =>
        Math.Abs(actual - expected).ShouldBeLessThanOrEqualTo(Math.Max(1e-8, tolerance * Math.Abs(expected)), $"{what}: {actual:R} instead of {expected:R}");

    public static void ShouldMatch(this double actual, JsonElement expected, ScalarType dtype = ScalarType.Float64, string what = "loss") =>
        Close(actual, expected.GetDouble(), dtype == ScalarType.Float64 ? 1e-8 : 1e-5, what);

    public static void MetricsMatch(IReadOnlyDictionary<string, double> metrics, JsonElement expected, ScalarType dtype = ScalarType.Float64, params string[] elsewhere)
    {
        foreach (var metric in expected.EnumerateObject())
        {
            if (elsewhere.Contains(metric.Name))
            {
                continue;
            }

            metrics.ShouldContainKey(metric.Name);
            metrics[metric.Name].ShouldMatch(metric.Value, dtype, metric.Name);
        }
    }

    private static IEnumerable<JsonElement> Load(string family) =>
        JsonDocument.Parse(File.ReadAllText(Repository.Golden("losses", family + ".json"))).RootElement.GetProperty("cases").EnumerateArray();

    private static IEnumerable<double> Flatten(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Array => e.EnumerateArray().SelectMany(Flatten),
        JsonValueKind.True => [1],
        JsonValueKind.False => [0],
        _ => [e.GetDouble()],
    };
}
