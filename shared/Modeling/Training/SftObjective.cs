using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>Next-token loss (cpt, sft): every token counts the same, whichever micro-batch it is in.</summary>
/// <param name="policy">The model.</param>
/// <param name="rows">Training rows, each one or several documents (packing).</param>
/// <param name="evaluationRows">Evaluation rows.</param>
/// <param name="dft">DFT's loss instead of plain negative log-likelihood.</param>
internal sealed class SftObjective(
    Policy policy, IReadOnlyList<(int[] Ids, int[] Labels)[]> rows, IReadOnlyList<(int[] Ids, int[] Labels)[]> evaluationRows, bool dft) : IObjective
{
    private readonly int[] _tokens = [.. rows.Select(r => r.Sum(d => d.Ids.Length))];
    private readonly int[] _items = [.. rows.Select(r => r.Sum(d => d.Labels.Skip(1).Count(l => l != Data.SftLabels.Ignored)))];

    public int RowCount => rows.Count;

    public int TokensOf(int row) => _tokens[row];

    public int ItemsOf(int row) => _items[row];

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> chosen, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        var batch = TargetBatch.FromLabels([.. chosen.SelectMany(r => rows[r])]);
        if (batch.TargetCount == 0)
        {
            return new MicroBatchOutcome(0, batch.Tokens.Count, new Dictionary<string, double>(StringComparer.Ordinal), 0);
        }

        var pass = policy.Pass(batch);
        var scores = pass.ScoreAndBackward(logps => (dft ? logps.exp() : ones_like(logps)).mul_(-1 / share.StepItems), entropies: true);
        return Outcome(scores, batch, share.StepItems);
    }

    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        if (evaluationRows.Count == 0)
        {
            return null;
        }

        using var none = no_grad();
        double loss = 0, correct = 0;
        long items = 0;
        foreach (var documents in evaluationRows.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = TargetBatch.FromLabels([.. documents.SelectMany(d => d)]);
            if (batch.TargetCount > 0)
            {
                var scores = policy.Pass(batch).Score();
                loss -= scores.Logps.to(ScalarType.Float64).sum().ToDouble();
                correct += scores.Correct.sum().ToDouble();
                items += batch.TargetCount;
            }
        }

        return items == 0
            ? null
            : new Evaluated(new Dictionary<string, double>(StringComparer.Ordinal) { ["eval_loss"] = loss / items, ["eval_mean_token_accuracy"] = correct / items });
    }

    public void Dispose()
    {
    }

    private MicroBatchOutcome Outcome(HeadPass.TokenScores scores, TargetBatch batch, double stepItems)
    {
        using var none = no_grad();
        var logps = scores.Logps.to(ScalarType.Float64);
        var loss = -(dft ? logps.exp() * logps : logps).sum().ToDouble() / stepItems;
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["mean_token_accuracy"] = scores.Correct.mean().ToDouble(),
            ["entropy"] = scores.Entropies!.mean().ToDouble(),
        };
        return new MicroBatchOutcome(loss, batch.Tokens.Count, metrics, batch.TargetCount);
    }
}
