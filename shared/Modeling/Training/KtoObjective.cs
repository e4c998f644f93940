using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>KTO over single labelled answers. The divergence is estimated from mismatched answers: prompt i with completion i - 1 of the micro-batch.</summary>
internal sealed class KtoObjective(
    PreferenceSettings settings, Policy policy, ReferenceModel reference, IReadOnlyList<LabelledTokenRow> rows, IReadOnlyList<LabelledTokenRow> evaluationRows) : IObjective
{
    public int RowCount => rows.Count;

    public int TokensOf(int row) => rows[row].PromptIds.Length + rows[row].CompletionIds.Length;

    public int ItemsOf(int row) => rows[row].CompletionIds.Length;

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> chosen, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        return Run([.. chosen.Select(i => rows[i])], share.MeanShare);
    }

    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        using var none = no_grad();
        return Evaluated.Over(evaluationRows, batchSize, cancellation, part => Run(part, null));
    }

    public void Dispose() => reference.Dispose();

    private MicroBatchOutcome Run(LabelledTokenRow[] part, double? share)
    {
        var kl = settings.LossType[0] == "kto" ? MismatchedLogRatios(part) : null;
        var batch = TargetBatch.FromCompletions([.. part.Select(r => (r.PromptIds, r.CompletionIds))]);
        var pass = policy.Pass(batch);
        var scores = pass.Score(entropies: true);
        var leaf = scores.Logps.detach().requires_grad_(share is not null);
        var layout = new CompletionLayout(batch.TargetsPerSequence, ScalarType.Float32, policy.Device);
        var result = KtoLoss.Compute(layout, leaf, reference.Logps(batch), [.. part.Select(r => r.Label)], kl, settings);
        if (share is { } factor)
        {
            (result.Loss * factor).backward();
            pass.Backward(leaf.grad!);
        }

        var metrics = new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal) { ["entropy"] = scores.Entropies!.mean().ToDouble() };
        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * (share ?? 1), batch.Tokens.Count, metrics, part.Length);
    }

    private Tensor MismatchedLogRatios(LabelledTokenRow[] part)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var batch = TargetBatch.FromCompletions([.. part.Select((r, i) => (r.PromptIds, part[(i + part.Length - 1) % part.Length].CompletionIds))]);
        var layout = new CompletionLayout(batch.TargetsPerSequence, ScalarType.Float32, policy.Device);
        var mine = policy.Pass(batch).Score().Logps;
        return layout.Sum(mine - reference.Logps(batch)).MoveToOuterDisposeScope();
    }
}
