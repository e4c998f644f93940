using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// grpo, its relatives, and rloo: a step generates several answers to each of its prompts, has them scored, and moves the policy towards those that did better than their
/// group. Rows are prompts.
/// </summary>
internal sealed class ReinforcementObjective(
    TrainingRecipe recipe,
    Policy policy,
    ReferenceModel? reference,
    IReadOnlyList<PromptRow> rows,
    IReadOnlyList<PromptRow> evaluationRows,
    RolloutSource source,
    IReadOnlyList<IDisposable> owned) : IObjective
{
    private const ulong TrainingStream = 0x6E5;
    private const ulong EvaluationStream = 0xE7A1;
    private readonly ReinforcementSettings _settings = recipe.Reinforcement;
    private readonly Dictionary<int, Rollout[]> _rollouts = [];
    private Dictionary<string, double> _rolloutMetrics = new(StringComparer.Ordinal);
    private int _generation = -1;

    public int RowCount => rows.Count;

    public int StepsPerGeneration => _settings.NumIterations;

    public int TokensOf(int row) => _settings.NumGenerations * (rows[row].PromptIds.Length + _settings.MaxCompletionLength);

    public int ItemsOf(int row) => _rollouts[row].Sum(Items);

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
        var generation = step / _settings.NumIterations;
        if (generation == _generation)
        {
            return;
        }

        _rollouts.Clear();
        var chosen = microBatches.SelectMany(m => m).ToArray();
        (var rollouts, _rolloutMetrics) = source.Generate([.. chosen.Select(r => rows[r])], _settings.NumGenerations, Seed(TrainingStream, step), cancellation);
        for (var i = 0; i < chosen.Length; i++)
        {
            _rollouts[chosen[i]] = rollouts[(i * _settings.NumGenerations)..((i + 1) * _settings.NumGenerations)];
        }

        _generation = generation;
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> chosen, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        var outcome = Run([.. chosen.SelectMany(r => _rollouts[r])], share.StepItems, share.MeanShare);
        return outcome with { Metrics = outcome.Metrics.Concat(_rolloutMetrics).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal) };
    }

    // As TRL: new answers to the evaluation prompts, their rewards, and the loss of these answers. The same random numbers every time, so that evaluations compare.
    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        if (evaluationRows.Count == 0)
        {
            return null;
        }

        using var none = no_grad();
        var generations = _settings.NumGenerationsEval ?? _settings.NumGenerations;
        var (rollouts, metrics) = source.Generate(evaluationRows, generations, Seed(EvaluationStream, 0), cancellation);
        double items = Math.Max(1, rollouts.Sum(Items));
        double loss = 0;
        foreach (var part in rollouts.Chunk(Math.Max(1, batchSize / generations) * generations))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            loss += Run(part, items, (double)part.Length / rollouts.Length, backward: false).Loss;
        }

        var evaluated = metrics.ToDictionary(m => $"eval_{m.Key}", m => m.Value, StringComparer.Ordinal);
        evaluated["eval_loss"] = loss;
        return new Evaluated(evaluated, -metrics.GetValueOrDefault("reward", double.NegativeInfinity));
    }

    public void Dispose()
    {
        reference?.Dispose();
        foreach (var one in owned)
        {
            one.Dispose();
        }
    }

    private MicroBatchOutcome Run(Rollout[] rollouts, double stepItems, double meanShare, bool backward = true)
    {
        var batch = Rollout.BatchOf(rollouts);
        var pass = policy.Pass(batch, _settings.Temperature);
        var scores = pass.Score(entropies: true);
        var logps = scores.Logps.detach().requires_grad_(backward);
        var usesEntropy = _settings.EntropyCoef != 0;
        var entropies = scores.Entropies!.detach().requires_grad_(backward && usesEntropy);
        var layout = new CompletionLayout(batch.TargetsPerSequence, ScalarType.Float32, policy.Device);
        var advantages = Floats(rollouts.Select(r => (float)r.Advantage));
        var old = rollouts[0].OldLogps is null ? null : Floats(rollouts.SelectMany(r => r.OldLogps!));
        var mask = _settings.MaskTruncatedCompletions ? layout.Spread(Floats(rollouts.Select(r => r.Stopped ? 1f : 0f))) : null;
        var rloo = recipe.Method == TrainingMethod.Rloo;
        var result = rloo
            ? RlooLoss.Compute(layout, logps, old, advantages, _settings.Epsilon, _settings.EpsilonHigh, mask)
            : GrpoLoss.Compute(
                logps,
                new GrpoBatch
                {
                    Layout = layout,
                    Advantages = advantages,
                    OldLogps = old,
                    RefLogps = rollouts[0].RefLogps is null ? null : Floats(rollouts.SelectMany(r => r.RefLogps!)),
                    Mask = mask,
                    Entropies = entropies,
                    NumItemsInBatch = stepItems,
                    MaxCompletionLength = _settings.MaxCompletionLength,
                },
                _settings);

        // These three divide by the tokens of the whole step by themselves; the others are means over the micro-batch.
        var factor = !rloo && _settings.LossType is "dapo" or "cispo" or "vespo" ? 1 : meanShare;
        if (backward)
        {
            (result.Loss * factor).backward();
            pass.Backward(logps.grad!, usesEntropy ? entropies.grad : null);
        }

        var metrics = new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal);
        if (rloo)
        {
            using var none = no_grad();
            var counted = mask ?? ones_like(logps);
            metrics["entropy"] = ((scores.Entropies! * counted).sum() / counted.sum().clamp(min: 1)).ToDouble();
        }

        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * factor, batch.Tokens.Count, metrics, rollouts.Length);
    }

    private int Items(Rollout rollout) => _settings.MaskTruncatedCompletions && !rollout.Stopped ? 0 : rollout.Completion.Length;

    private long Seed(ulong stream, int step) => (long)(SeededShuffle.Mix((ulong)recipe.Run.Seed ^ stream, (ulong)step) >> 1);

    // Cloned: a tensor over a managed array may lie at an odd address, and sums over it then round differently.
    private Tensor Floats(IEnumerable<float> values) => tensor(values.ToArray(), dtype: ScalarType.Float32).clone().to(policy.Device);
}
