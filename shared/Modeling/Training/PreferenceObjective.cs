using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Losses over pairs: dpo and its relatives against a frozen reference, cpo, simpo and orpo without. A micro-batch of P pairs is one pass over 2P sequences, chosen
/// ones first.
/// </summary>
internal sealed class PreferenceObjective : IObjective
{
    private readonly TrainingMethod _method;
    private readonly PreferenceSettings _settings;
    private readonly Policy _policy;
    private readonly ReferenceModel? _reference;
    private readonly IReadOnlyList<TrainingPair> _rows;
    private readonly IReadOnlyList<TrainingPair> _evaluationRows;
    private readonly (float[] Chosen, float[] Rejected)[]? _precomputed;

    public PreferenceObjective(
        TrainingMethod method,
        PreferenceSettings settings,
        Policy policy,
        ReferenceModel? reference,
        IReadOnlyList<TrainingPair> rows,
        IReadOnlyList<TrainingPair> evaluationRows)
    {
        (_method, _settings, _policy, _reference, _rows, _evaluationRows) = (method, settings, policy, reference, rows, evaluationRows);
        if (reference is not null && settings.PrecomputeRefLogProbs)
        {
            _precomputed = [.. rows.Concat(evaluationRows).Select(Precompute)];
            _reference = null;
            reference.Dispose();
        }
    }

    public int RowCount => _rows.Count;

    // aot sorts the answers of a batch, bco_pair takes their mean reward as its threshold.
    public string CutWarning => _method == TrainingMethod.Dpo && _settings.LossType.FirstOrDefault(l => l is "aot" or "aot_unpaired" or "bco_pair") is { } across
        ? $", but {across} then compares the rows of a part only"
        : "";

    public int TokensOf(int row) => _rows[row].Length;

    public int ItemsOf(int row) => _rows[row].Chosen.Answer.Length + _rows[row].Rejected.Answer.Length;

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> rows, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        return Run([.. rows], i => _rows[i], i => i, share.MeanShare);
    }

    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        using var none = no_grad();
        return Evaluated.Over(
            [.. Enumerable.Range(0, _evaluationRows.Count)], batchSize, cancellation, part => Run(part, i => _evaluationRows[i], i => _rows.Count + i, null));
    }

    public void Dispose() => _reference?.Dispose();

    // Share null: evaluation, no gradients.
    private MicroBatchOutcome Run(int[] indices, Func<int, TrainingPair> rowOf, Func<int, int> precomputedIndex, double? share)
    {
        var rows = indices.Select(rowOf).ToArray();
        var batch = BatchOf(rows);
        var pass = _policy.Pass(batch);
        var scores = pass.Score(entropies: true, sumSquares: _settings.UseWeighting && _method == TrainingMethod.Dpo);

        // The policy's log-probabilities become leaves: the loss is differentiated down to them, the rest is HeadPass.Backward.
        var leaf = scores.Logps.detach().requires_grad_(share is not null);
        var (answers, prompts) = _method == TrainingMethod.Orpo ? SeparatePrompts(rows, leaf) : (leaf, null);
        var split = rows.Sum(r => r.Chosen.Answer.Length);
        var chosen = new CompletionLayout([.. rows.Select(r => r.Chosen.Answer.Length)], ScalarType.Float32, _policy.Device);
        var rejected = new CompletionLayout([.. rows.Select(r => r.Rejected.Answer.Length)], ScalarType.Float32, _policy.Device);
        var (chosenLogps, rejectedLogps) = (answers.narrow(0, 0, split), answers.narrow(0, split, answers.shape[0] - split));
        var result = _method switch
        {
            TrainingMethod.Dpo => Dpo(rows, [.. indices.Select(precomputedIndex)], batch, scores, chosen, rejected, chosenLogps, rejectedLogps, split),
            TrainingMethod.Orpo => OrpoLoss.Compute(chosen, rejected, chosenLogps, rejectedLogps, -cat([prompts!, chosenLogps]).mean(), _settings.Beta),
            _ => CpoLoss.Compute(chosen, rejected, chosenLogps, rejectedLogps, _settings),
        };
        if (share is { } factor)
        {
            (result.Loss * factor).backward();
            pass.Backward(leaf.grad!);
        }

        var metrics = new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal);
        using var none = no_grad();
        var meanLogits = AnswersOf(rows, scores.MeanLogits!);
        metrics["logits/chosen"] = meanLogits.narrow(0, 0, split).mean().ToDouble();
        metrics["logits/rejected"] = meanLogits.narrow(0, split, meanLogits.shape[0] - split).mean().ToDouble();
        metrics["mean_token_accuracy"] = AnswersOf(rows, scores.Correct).narrow(0, 0, split).mean().ToDouble();

        metrics["entropy"] = scores.Entropies!.mean().ToDouble();
        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * (share ?? 1), batch.Tokens.Count, metrics, rows.Length);
    }

    private LossResult Dpo(
        TrainingPair[] rows, int[] precomputed, TargetBatch batch, HeadPass.TokenScores scores, CompletionLayout chosen, CompletionLayout rejected, Tensor chosenLogps, Tensor rejectedLogps, int split)
    {
        var reference = _precomputed is null
            ? _reference!.Logps(batch)
            : tensor((float[])[.. precomputed.SelectMany(i => _precomputed[i].Chosen), .. precomputed.SelectMany(i => _precomputed[i].Rejected)], device: _policy.Device).clone();
        Tensor? weights = null;
        if (_settings.UseWeighting)
        {
            var excess = scores.Logps - scores.LogSumSquares!;
            weights = DpoLoss.PolicyWeights(chosen, rejected, excess.narrow(0, 0, split), excess.narrow(0, split, excess.shape[0] - split));
        }

        return DpoLoss.Compute(
            chosen, rejected, chosenLogps, rejectedLogps, reference.narrow(0, 0, split), reference.narrow(0, split, reference.shape[0] - split), _settings, weights);
    }

    private TargetBatch BatchOf(TrainingPair[] rows)
    {
        var sequences = rows.Select(r => r.Chosen).Concat(rows.Select(r => r.Rejected)).ToList();
        if (_method != TrainingMethod.Orpo)
        {
            return TargetBatch.FromCompletions(sequences);
        }

        // ORPO's likelihood covers the prompt of the chosen side as well.
        return TargetBatch.FromLabels([.. sequences.Select((s, i) =>
        {
            int[] ids = [.. s.Prompt, .. s.Answer];
            return (ids, i < rows.Length ? ids : [.. Enumerable.Repeat(Data.SftLabels.Ignored, s.Prompt.Length), .. s.Answer]);
        })]);
    }

    private Tensor AnswersOf(TrainingPair[] rows, Tensor all) => _method == TrainingMethod.Orpo ? SeparatePrompts(rows, all).Answers : all;

    // [prompt tokens and chosen tokens of each pair ..., rejected tokens ...] to answers alone and prompts alone.
    private static (Tensor Answers, Tensor Prompts) SeparatePrompts(TrainingPair[] rows, Tensor all)
    {
        var answers = new List<Tensor>();
        var prompts = new List<Tensor>();
        long at = 0;
        foreach (var (prompt, answer) in rows.Select(r => r.Chosen))
        {
            prompts.Add(all.narrow(0, at, prompt.Length - 1));
            answers.Add(all.narrow(0, at + prompt.Length - 1, answer.Length));
            at += prompt.Length - 1 + answer.Length;
        }

        answers.Add(all.narrow(0, at, all.shape[0] - at));
        return (cat(answers), cat(prompts));
    }

    private (float[] Chosen, float[] Rejected) Precompute(TrainingPair row)
    {
        using var scope = NewDisposeScope();
        var logps = _reference!.Logps(TargetBatch.FromCompletions([row.Chosen, row.Rejected])).cpu().data<float>().ToArray();
        return (logps[..row.Chosen.Answer.Length], logps[row.Chosen.Answer.Length..]);
    }
}
