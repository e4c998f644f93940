namespace LamdAgent.Evaluation.Statistics;

/// <summary>Standard errors by resampling with replacement, for metrics that are not means.</summary>
public static class Bootstrap
{
    /// <summary>The harness's default number of resamples for cheap metrics.</summary>
    public const int DefaultIterations = 100_000;

    private const int Chunk = 1000;
    private const long Budget = 20_000_000;

    /// <summary>As many resamples as stay within about a second of work for metrics that are linear in the items: the harness's default for small sets, at least 1000 for large ones.</summary>
    public static int Affordable(int count) => (int)Math.Clamp(Budget / Math.Max(1, count), 1000, DefaultIterations);

    /// <summary>
    /// The sample deviation of <paramref name="metric"/> over resamples. Chunks of 1000 resamples have their own generator, seeded with the chunk's
    /// number, so the result is always the same. The harness's generator is Python's, so its numbers agree with these within the noise of resampling.
    /// </summary>
    /// <param name="count">Number of items.</param>
    /// <param name="metric">The metric of the items with the given indices.</param>
    /// <param name="iterations">Number of resamples, at least 2.</param>
    /// <returns>Null for fewer than two items.</returns>
    public static double? StandardError(int count, Func<int[], double> metric, int iterations = DefaultIterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 2);
        if (count < 2)
        {
            return null;
        }

        var values = new double[iterations];
        Parallel.For(0, (iterations + Chunk - 1) / Chunk, chunk =>
        {
            var random = new Random(chunk);
            var indices = new int[count];
            for (var i = chunk * Chunk; i < Math.Min(iterations, (chunk + 1) * Chunk); i++)
            {
                for (var j = 0; j < count; j++)
                {
                    indices[j] = random.Next(count);
                }

                values[i] = metric(indices);
            }
        });
        return StandardErrors.SampleDeviation(values);
    }

    /// <summary>The same with given resamples.</summary>
    public static double? StandardError(IReadOnlyList<int[]> resamples, Func<int[], double> metric) =>
        StandardErrors.SampleDeviation(resamples.Select(metric).ToList());
}
