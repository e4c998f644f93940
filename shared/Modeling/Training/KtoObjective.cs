using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// KTO over single labelled answers. The divergence is estimated from mismatched answers, prompt i with completion i - 1, over the micro-batch that the recipe asks for, as TRL
/// does; when memory lets only a part of it be computed at once, the estimate still is the whole's.
/// </summary>
internal sealed class KtoObjective(
    PreferenceSettings settings,
    DataSettings data,
    Policy policy,
    ReferenceModel reference,
    IReadOnlyList<LabelledTokenRow> rows,
    IReadOnlyList<LabelledTokenRow> evaluationRows) : IObjective
{
    private IReadOnlyList<int>? _estimatedFor;
    private float[] _mismatched = [];

    public int RowCount => rows.Count;

    public int TokensOf(int row) => Cut(rows[row].PromptIds, rows[row].CompletionIds).Length;

    public int ItemsOf(int row) => Cut(rows[row].PromptIds, rows[row].CompletionIds).Answer.Length;

    // The weights of another step, or another cut after memory ran out: what was estimated is void.
    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation) => _estimatedFor = null;

    public MicroBatchOutcome Backward(IReadOnlyList<int> chosen, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        if (!ReferenceEquals(_estimatedFor, share.MicroBatch))
        {
            _mismatched = MismatchedLogRatios([.. share.MicroBatch.Select(i => rows[i])], chosen.Count);
            _estimatedFor = share.MicroBatch;
        }

        return Run([.. chosen.Select(i => rows[i])], _mismatched, share.MeanShare);
    }

    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        using var none = no_grad();
        return Evaluated.Over(evaluationRows, batchSize, cancellation, part => Run(part, MismatchedLogRatios(part, part.Length), null));
    }

    public void Dispose() => reference.Dispose();

    private MicroBatchOutcome Run(LabelledTokenRow[] part, float[] mismatched, double? share)
    {
        var kl = settings.LossType[0] == "kto" ? tensor(mismatched, device: policy.Device).clone() : null;
        var batch = TargetBatch.FromCompletions([.. part.Select(r => Cut(r.PromptIds, r.CompletionIds))]);
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
        AddLogits(metrics, layout, scores.MeanLogits!, part);
        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * (share ?? 1), batch.Tokens.Count, metrics, part.Length);
    }

    private PromptedAnswer Cut(int[] prompt, int[] completion) => new PromptedAnswer(prompt, completion).CutTo(data.MaxLength, data.TruncationMode);

    private void AddLogits(Dictionary<string, double> metrics, CompletionLayout layout, Tensor meanLogits, LabelledTokenRow[] part)
    {
        using var none = no_grad();
        foreach (var (name, side) in ((string, bool)[])[("chosen", true), ("rejected", false)])
        {
            var ofSide = layout.Spread(tensor([.. part.Select(r => r.Label == side ? 1f : 0f)], device: policy.Device).clone());
            if (Array.Exists(part, r => r.Label == side))
            {
                metrics[$"logits/{name}"] = ((meanLogits * ofSide).sum() / ofSide.sum()).ToDouble();
            }
        }
    }

    // Policy minus reference of prompt i with completion i - 1 of the micro-batch; at most so many rows at once.
    private float[] MismatchedLogRatios(LabelledTokenRow[] micro, int atOnce)
    {
        if (settings.LossType[0] != "kto")
        {
            return [];
        }

        using var none = no_grad();
        var ratios = new List<float>();
        foreach (var part in micro.Select((r, i) => Cut(r.PromptIds, micro[(i + micro.Length - 1) % micro.Length].CompletionIds)).Chunk(atOnce))
        {
            using var scope = NewDisposeScope();
            var batch = TargetBatch.FromCompletions(part);
            var layout = new CompletionLayout(batch.TargetsPerSequence, ScalarType.Float32, policy.Device);
            ratios.AddRange(layout.Sum(policy.Pass(batch).Score().Logps - reference.Logps(batch)).cpu().data<float>().ToArray());
        }

        return [.. ratios];
    }
}
