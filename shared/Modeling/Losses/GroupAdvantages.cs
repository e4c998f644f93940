namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Advantages of groups of answers to the same prompt: GRPO (arXiv 2402.03300), Dr. GRPO (2503.20783), GDPO (2601.05242), as TRL's <c>GRPOTrainer</c>. Rows are ordered
/// prompt by prompt. Standard deviations are those of a sample (n - 1). A row without any reward is unscorable: it is left out of all means and gets 0.
/// </summary>
public static class GroupAdvantages
{
    private const double Epsilon = 1e-4;

    // What torch.isclose takes for 0.
    private const double LeastSpread = 1e-8;

    /// <summary>Advantages, the share of rows whose deviation is 0, and mean and deviation of the summed rewards.</summary>
    /// <param name="rewards">Per row, per reward function; null where a function gave none.</param>
    /// <param name="weights">Per reward function.</param>
    /// <param name="numGenerations">Rows of a group.</param>
    /// <param name="scaleRewards">group, batch or none.</param>
    /// <param name="aggregation">sum_then_normalize or normalize_then_sum.</param>
    public static (double[] Advantages, double FracRewardZeroStd) Compute(
        IReadOnlyList<IReadOnlyList<double?>> rewards, IReadOnlyList<double> weights, int numGenerations, string scaleRewards, string aggregation)
    {
        if (rewards.Count % numGenerations != 0)
        {
            throw new ArgumentException($"{rewards.Count} rows are not whole groups of {numGenerations}", nameof(rewards));
        }

        return aggregation == "normalize_then_sum"
            ? NormalizeThenSum(rewards, weights, numGenerations)
            : SumThenNormalize(WeightedSums(rewards, weights), numGenerations, scaleRewards);
    }

    /// <summary>Weighted sum of each row's rewards, a missing one counting 0; NaN for a row with none.</summary>
    public static double[] WeightedSums(IReadOnlyList<IReadOnlyList<double?>> rewards, IReadOnlyList<double> weights) =>
        [.. rewards.Select(row => row.All(r => r is null) ? double.NaN : row.Select((r, k) => (r ?? 0) * weights[k]).Sum())];

    /// <summary>RLOO's rewards: clipped if asked for, minus <paramref name="beta"/> times the answer's divergence from the reference.</summary>
    /// <param name="rewards">Per row, NaN for unscorable.</param>
    /// <param name="clipRange">Low and high, or null.</param>
    /// <param name="sequenceKl">Sum of old minus reference log-probabilities of each answer (the k1 estimate, which may be negative), or null.</param>
    /// <param name="beta">Weight of the divergence.</param>
    public static double[] PenalizedRewards(IReadOnlyList<double> rewards, IReadOnlyList<double>? clipRange, IReadOnlyList<double>? sequenceKl, double beta) =>
        [.. rewards.Select((r, i) => (clipRange is null ? r : Math.Clamp(r, clipRange[0], clipRange[1])) - (sequenceKl is null ? 0 : beta * sequenceKl[i]))];

    /// <summary>RLOO (arXiv 2402.14740): each reward minus the mean of the other scorable ones of its group.</summary>
    /// <param name="rewards">Per row, NaN for unscorable.</param>
    /// <param name="numGenerations">Rows of a group.</param>
    /// <param name="normalize">Centre and scale over the batch.</param>
    public static double[] LeaveOneOut(IReadOnlyList<double> rewards, int numGenerations, bool normalize)
    {
        var advantages = new double[rewards.Count];
        for (var start = 0; start < rewards.Count; start += numGenerations)
        {
            var rows = Scorable(rewards, start, numGenerations);
            var sum = rows.Sum(i => rewards[i]);
            foreach (var i in rows)
            {
                advantages[i] = rows.Count < 2 ? 0 : rewards[i] - ((sum - rewards[i]) / (rows.Count - 1));
            }
        }

        if (normalize)
        {
            var rows = Scorable(rewards, 0, rewards.Count);
            var (mean, std) = MeanAndDeviation([.. rows.Select(i => advantages[i])]);
            foreach (var i in rows)
            {
                advantages[i] = (advantages[i] - mean) / (OrZero(std) + Epsilon);
            }
        }

        return advantages;
    }

    /// <summary>Share of the groups whose rewards do not differ: they teach nothing.</summary>
    /// <param name="rewards">Per row, NaN for unscorable.</param>
    /// <param name="numGenerations">Rows of a group.</param>
    public static double ShareWithoutSpread(IReadOnlyList<double> rewards, int numGenerations) =>
        rewards.Chunk(numGenerations).Average(g => MeanAndDeviation([.. g.Where(double.IsFinite)]).Deviation < LeastSpread ? 1.0 : 0.0);

    /// <summary>Mean and sample deviation; the deviation of fewer than two numbers is NaN.</summary>
    public static (double Mean, double Deviation) MeanAndDeviation(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
        {
            return (double.NaN, double.NaN);
        }

        var mean = values.Sum() / values.Count;
        return (mean, values.Count < 2 ? double.NaN : Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)));
    }

    private static (double[], double) SumThenNormalize(double[] sums, int numGenerations, string scaleRewards)
    {
        var advantages = new double[sums.Length];
        var zero = 0;
        var (_, batchDeviation) = MeanAndDeviation([.. Scorable(sums, 0, sums.Length).Select(i => sums[i])]);
        for (var start = 0; start < sums.Length; start += numGenerations)
        {
            var rows = Scorable(sums, start, numGenerations);
            var (mean, deviation) = MeanAndDeviation([.. rows.Select(i => sums[i])]);
            var scale = scaleRewards == "batch" ? batchDeviation : deviation;
            zero += scale < 1e-12 ? numGenerations : 0;
            foreach (var i in rows)
            {
                var centred = rows.Count < 2 ? 0 : sums[i] - mean;
                advantages[i] = scaleRewards == "none" ? centred : centred / (OrZero(scale) + Epsilon);
            }
        }

        return (advantages, (double)zero / sums.Length);
    }

    private static (double[], double) NormalizeThenSum(IReadOnlyList<IReadOnlyList<double?>> rewards, IReadOnlyList<double> weights, int numGenerations)
    {
        var total = new double[rewards.Count];
        var sums = WeightedSums(rewards, weights);
        var zero = 0;
        for (var start = 0; start < rewards.Count; start += numGenerations)
        {
            for (var k = 0; k < weights.Count; k++)
            {
                var rows = Enumerable.Range(start, numGenerations).Where(i => rewards[i][k] is not null).ToList();
                var (mean, deviation) = MeanAndDeviation([.. rows.Select(i => rewards[i][k]!.Value)]);
                foreach (var i in rows)
                {
                    total[i] += rows.Count < 2 ? 0 : weights[k] * (rewards[i][k]!.Value - mean) / (OrZero(deviation) + Epsilon);
                }
            }

            var (_, groupDeviation) = MeanAndDeviation([.. Scorable(sums, start, numGenerations).Select(i => sums[i])]);
            zero += groupDeviation < 1e-12 ? numGenerations : 0;
        }

        var scorable = Scorable(sums, 0, sums.Length);
        var (batchMean, batchDeviation) = MeanAndDeviation([.. scorable.Select(i => total[i])]);
        var advantages = new double[rewards.Count];
        foreach (var i in scorable)
        {
            advantages[i] = (total[i] - batchMean) / (OrZero(batchDeviation) + Epsilon);
        }

        return (advantages, (double)zero / rewards.Count);
    }

    private static List<int> Scorable(IReadOnlyList<double> values, int start, int count) =>
        [.. Enumerable.Range(start, count).Where(i => !double.IsNaN(values[i]))];

    private static double OrZero(double deviation) => double.IsNaN(deviation) ? 0 : deviation;
}
