using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Statistics;

namespace LamdAgent.Evaluation.Grading.Checks;

/// <summary>Checks means, standard errors, bootstraps and groups on given numbers.</summary>
public sealed class StandardErrorCheck : IGrader
{
    /// <inheritdoc />
    public string Name => "standard_errors";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics => [];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        if (item.At("sizes") is not null)
        {
            return Verdict.Only(Group(item, response));
        }

        var values = JsonFields.Numbers(response.ValueKind == JsonValueKind.Array ? response.EnumerateArray() : throw new InvalidInputException("'response' must be a list of numbers"), "response");
        return Verdict.Only(item.At("iterations") is null ? Mean(values) : Resampled(item, values));
    }

    private static JsonObject Mean(double[] values) => new()
    {
        ["mean"] = StandardErrors.Mean(values),
        ["sample_stddev"] = StandardErrors.SampleDeviation(values),
        ["pop_stddev"] = StandardErrors.PopulationDeviation(values),
        ["stderr"] = StandardErrors.OfMean(values),
        ["median"] = StandardErrors.Median(values),
    };

    private static JsonObject Group(JsonElement item, JsonElement response)
    {
        var sizes = item.RequiredNumbers("sizes").Select(size => (int)size).ToList();
        var scores = response.RequiredNumbers("scores");
        return new JsonObject
        {
            ["pooled_stderr"] = StandardErrors.Pooled(response.RequiredNumbers("stderrs"), sizes),
            ["weighted_score"] = scores.Zip(sizes, (score, size) => score * size).Sum() / sizes.Sum(),
            ["unweighted_score"] = StandardErrors.Mean(scores),
        };
    }

    private static JsonObject Resampled(JsonElement item, double[] values)
    {
        Func<IReadOnlyList<double>, double> metric = item.RequiredText("metric") switch
        {
            "mean" => StandardErrors.Mean,
            "nanmean" => numbers => StandardErrors.Mean([.. numbers.Where(number => !double.IsNaN(number))]),
            "median" => StandardErrors.Median,
            "perplexity" => numbers => Math.Exp(-StandardErrors.Mean(numbers)),
            var other => throw new InvalidInputException($"unknown metric '{other}'; valid: mean, nanmean, median, perplexity"),
        };
        double OfIndices(int[] indices) => metric([.. indices.Select(i => values[i])]);
        var fields = new JsonObject { ["value"] = metric(values) };
        if (item.At("resample_indices") is not null)
        {
            var resamples = item.RequiredList("resample_indices").Select(list => list.EnumerateArray().Select(index => index.GetInt32()).ToArray()).ToList();
            fields["bootstrap_stderr"] = Bootstrap.StandardError(resamples, OfIndices);
            fields["tolerance"] = "exact with the given indices";
            return fields;
        }

        fields["bootstrap_stderr"] = Bootstrap.StandardError(values.Length, OfIndices, item.Required("iterations").GetInt32());
        fields["population_stddev_over_sqrt_n"] = StandardErrors.PopulationDeviation(values) / Math.Sqrt(values.Length);
        fields["tolerance"] = "2 percent relative (any random generator)";
        return fields;
    }
}
