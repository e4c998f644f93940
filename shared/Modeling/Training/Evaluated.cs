using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>What an evaluation gave.</summary>
/// <param name="Metrics">Named <c>eval_*</c>, <c>eval_loss</c> among them.</param>
/// <param name="Cost">What early stopping and the choice of the best weights want small.</param>
internal sealed record Evaluated(IReadOnlyDictionary<string, double> Metrics, double Cost)
{
    /// <summary>By the loss.</summary>
    public Evaluated(IReadOnlyDictionary<string, double> metrics)
        : this(metrics, metrics["eval_loss"])
    {
    }

    /// <summary>Means over rows in batches; null without rows. Call under <c>no_grad</c>.</summary>
    public static Evaluated? Over<TRow>(IReadOnlyList<TRow> rows, int batchSize, CancellationToken cancellation, Func<TRow[], MicroBatchOutcome> run)
    {
        if (rows.Count == 0)
        {
            return null;
        }

        var sums = new MetricSums();
        foreach (var part in rows.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var outcome = run(part);
            sums.Add("loss", outcome.Loss, part.Length);
            sums.Add(outcome.Metrics, part.Length);
        }

        return new Evaluated(sums.Means().ToDictionary(m => $"eval_{m.Key}", m => m.Value, StringComparer.Ordinal));
    }
}
