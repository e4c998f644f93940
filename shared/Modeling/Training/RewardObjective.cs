using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Losses;
using LamdAgent.Modeling.Scoring;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>A reward model from pairs, as TRL's <c>RewardTrainer</c>: a micro-batch of P pairs is one pass over 2P sequences, chosen ones first, with one number for each.</summary>
internal sealed class RewardObjective(
    double? centerRewards, Policy policy, IReadOnlyList<TrainingPair> rows, IReadOnlyList<TrainingPair> evaluationRows) : IObjective
{
    public int RowCount => rows.Count;

    public int TokensOf(int row) => rows[row].Length;

    public int ItemsOf(int row) => 1;

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

    public void Dispose()
    {
    }

    // Share null: evaluation, no gradients.
    private MicroBatchOutcome Run(TrainingPair[] part, double? share)
    {
        var tokens = TokenBatch.FromRows([.. part.Select(r => r.Chosen).Concat(part.Select(r => r.Rejected)).Select(a => (int[])[.. a.Prompt, .. a.Answer])]);
        var rewards = RewardScorer.Rewards(policy.Forward(tokens), tokens, policy.Model.Config.PadTokenId, policy.Device);
        var margins = part.Any(r => r.Margin is not null) ? tensor([.. part.Select(r => (float)(r.Margin ?? 0))], device: policy.Device).clone() : null;
        var result = RewardModelLoss.Compute(rewards.narrow(0, 0, part.Length), rewards.narrow(0, part.Length, part.Length), margins, centerRewards);
        if (share is { } factor)
        {
            (result.Loss * factor).backward();
        }

        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * (share ?? 1), tokens.Count, result.Metrics, part.Length);
    }
}
