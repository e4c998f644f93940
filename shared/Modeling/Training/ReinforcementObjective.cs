using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Generation;
using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// grpo, its relatives, and rloo: a step generates several answers to each of its prompts, has them scored, and moves the policy towards those that did better than their
/// group. Rows are prompts; what is generated depends on seed, step and weights alone.
/// </summary>
internal sealed class ReinforcementObjective : IObjective
{
    private readonly TrainingRecipe _recipe;
    private readonly ReinforcementSettings _settings;
    private readonly Policy _policy;
    private readonly ReferenceModel? _reference;
    private readonly IReadOnlyList<PromptRow> _rows;
    private readonly IReadOnlyList<IRewardFunction> _rewards;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlyList<int> _stopIds;
    private readonly Dictionary<int, Rollout[]> _rollouts = [];
    private readonly Dictionary<string, double> _rolloutMetrics = new(StringComparer.Ordinal);
    private int _generation = -1;

    public ReinforcementObjective(
        TrainingRecipe recipe,
        Policy policy,
        ReferenceModel? reference,
        IReadOnlyList<PromptRow> rows,
        IReadOnlyList<IRewardFunction> rewards,
        Tokenizer tokenizer,
        IReadOnlyList<int> stopIds)
    {
        (_recipe, _settings, _policy, _reference, _rows, _tokenizer, _stopIds) = (recipe, recipe.Reinforcement, policy, reference, rows, tokenizer, stopIds);
        _rewards = [.. _settings.RewardFuncs.Select(name => rewards.FirstOrDefault(r => r.Name == name)
            ?? throw new InvalidInputException($"reward_funcs: there is no reward function '{name}'{Domain.Configuration.NearestWord.Hint(name, rewards.Select(r => r.Name))}"))];
        if (_rewards.Count == 0)
        {
            throw new InvalidInputException("reward_funcs: name at least one reward function");
        }
    }

    public int RowCount => _rows.Count;

    public int StepsPerGeneration => _settings.NumIterations;

    public int TokensOf(int row) => _settings.NumGenerations * (_rows[row].PromptIds.Length + _settings.MaxCompletionLength);

    public int ItemsOf(int row) => _rollouts[row].Sum(r => _settings.MaskTruncatedCompletions && !r.Stopped ? 0 : r.Completion.Length);

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
        var generation = step / _settings.NumIterations;
        if (generation == _generation)
        {
            return;
        }

        _rollouts.Clear();
        _rolloutMetrics.Clear();
        var rows = microBatches.SelectMany(m => m).ToArray();
        var rollouts = Generate(rows, step, cancellation);
        Score(rollouts, cancellation);
        for (var i = 0; i < rows.Length; i++)
        {
            _rollouts[rows[i]] = rollouts[(i * _settings.NumGenerations)..((i + 1) * _settings.NumGenerations)];
        }

        _generation = generation;
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> rows, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        var rollouts = rows.SelectMany(r => _rollouts[r]).ToArray();
        var batch = BatchOf(rollouts);
        var pass = _policy.Pass(batch, _settings.Temperature);
        var scores = pass.Score(entropies: true);
        var logps = scores.Logps.detach().requires_grad_(true);
        var usesEntropy = _settings.EntropyCoef != 0;
        var entropies = scores.Entropies!.detach().requires_grad_(usesEntropy);
        var layout = new CompletionLayout(batch.TargetsPerSequence, ScalarType.Float32, _policy.Device);
        var advantages = Floats(rollouts.Select(r => (float)r.Advantage));
        var old = rollouts[0].OldLogps is null ? null : Floats(rollouts.SelectMany(r => r.OldLogps!));
        var mask = _settings.MaskTruncatedCompletions ? layout.Spread(Floats(rollouts.Select(r => r.Stopped ? 1f : 0f))) : null;
        var rloo = _recipe.Method == TrainingMethod.Rloo;
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
                    NumItemsInBatch = share.StepItems,
                    MaxCompletionLength = _settings.MaxCompletionLength,
                },
                _settings);

        // These three divide by the tokens of the whole step by themselves; the others are means over the micro-batch.
        var factor = !rloo && _settings.LossType is "dapo" or "cispo" or "vespo" ? 1 : share.MeanShare;
        (result.Loss * factor).backward();
        pass.Backward(logps.grad!, usesEntropy ? entropies.grad : null);
        var metrics = new Dictionary<string, double>(result.Metrics, StringComparer.Ordinal);
        foreach (var (name, value) in _rolloutMetrics)
        {
            metrics[name] = value;
        }

        return new MicroBatchOutcome(result.Loss.detach().ToDouble() * factor, batch.Tokens.Count, metrics, rollouts.Length);
    }

    // Rewards of the evaluation prompts would need a search over sampling settings of their own; the evaluator does that better.
    public IReadOnlyDictionary<string, double>? Evaluate(int batchSize, CancellationToken cancellation) => null;

    public void Dispose() => _reference?.Dispose();

    private Rollout[] Generate(int[] rows, int step, CancellationToken cancellation)
    {
        var prompts = rows.SelectMany(r => Enumerable.Repeat(_rows[r], _settings.NumGenerations)).ToArray();
        var settings = new GenerationSettings
        {
            MaxNewTokens = _settings.MaxCompletionLength,
            StopIds = [.. _stopIds],
            Temperature = _settings.Temperature,
            TopP = _settings.TopP,
            TopK = _settings.TopK,
            Seed = (long)(SeededShuffle.Mix((ulong)_recipe.Run.Seed ^ 0x6E5, (ulong)step) >> 1),
            BatchSize = Math.Max(16, _recipe.Optimization.PerDeviceTrainBatchSize),
        };
        var texts = new TextGenerator(_policy.Model).Generate([.. prompts.Select(p => (IReadOnlyList<int>)p.PromptIds)], settings, null, cancellation);
        var rollouts = prompts.Select((p, i) => new Rollout { Prompt = p, Completion = [.. texts[i].Ids], Stopped = texts[i].Stopped }).ToArray();
        var needsOld = _settings.NumIterations > 1 || (_recipe.Method == TrainingMethod.Rloo && _settings.Beta != 0);
        foreach (var part in rollouts.Chunk(_recipe.Optimization.PerDeviceTrainBatchSize))
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            var batch = BatchOf(part);
            if (needsOld)
            {
                Split(_policy.Pass(batch, _settings.Temperature).Score().Logps, part, (r, logps) => r.OldLogps = logps);
            }

            if (_reference is not null)
            {
                Split(_reference.Logps(batch, _settings.Temperature), part, (r, logps) => r.RefLogps = logps);
            }
        }

        return rollouts;
    }

    private void Score(Rollout[] rollouts, CancellationToken cancellation)
    {
        var texts = rollouts.Select(r => _tokenizer.Decode(r.Stopped ? r.Completion[..^1] : r.Completion, skipSpecialTokens: true)).ToArray();
        var prompts = rollouts.Select(r => r.Prompt).ToArray();
        var columns = _rewards.Select(f => f.Score(prompts, texts, cancellation)).ToArray();
        var table = rollouts.Select((_, i) => (IReadOnlyList<double?>)[.. columns.Select(c => c[i])]).ToArray();
        var weights = _settings.RewardWeights ?? [.. _rewards.Select(_ => 1.0)];
        var sums = GroupAdvantages.WeightedSums(table, weights);
        double[] advantages;
        if (_recipe.Method == TrainingMethod.Rloo)
        {
            var kl = rollouts[0].RefLogps is null ? null : rollouts.Select(r => r.OldLogps!.Zip(r.RefLogps!, (o, f) => (double)o - f).Sum()).ToArray();
            advantages = GroupAdvantages.LeaveOneOut(
                GroupAdvantages.PenalizedRewards(sums, _settings.RewardClipRange, kl, _settings.Beta), _settings.NumGenerations, _settings.NormalizeAdvantages);
        }
        else
        {
            (advantages, var zero) = GroupAdvantages.Compute(table, weights, _settings.NumGenerations, _settings.ScaleRewards, _settings.MultiObjectiveAggregation);
            _rolloutMetrics["frac_reward_zero_std"] = zero;
        }

        for (var i = 0; i < rollouts.Length; i++)
        {
            rollouts[i].Advantage = advantages[i];
        }

        Log(rollouts, columns, sums);
    }

    private void Log(Rollout[] rollouts, IReadOnlyList<double?>[] columns, double[] sums)
    {
        for (var k = 0; k < columns.Length; k++)
        {
            var (mean, deviation) = GroupAdvantages.MeanAndDeviation([.. columns[k].OfType<double>()]);
            Put($"rewards/{_rewards[k].Name}/mean", mean);
            Put($"rewards/{_rewards[k].Name}/std", deviation);
        }

        var groups = sums.Chunk(_settings.NumGenerations).Select(g => GroupAdvantages.MeanAndDeviation([.. g.Where(double.IsFinite)])).ToList();
        Put("reward", groups.Where(g => double.IsFinite(g.Mean)).Select(g => g.Mean).DefaultIfEmpty(double.NaN).Average());
        Put("reward_std", groups.Where(g => double.IsFinite(g.Deviation)).Select(g => g.Deviation).DefaultIfEmpty(double.NaN).Average());
        Put("completions/mean_length", rollouts.Average(r => r.Completion.Length));
        Put("completions/min_length", rollouts.Min(r => r.Completion.Length));
        Put("completions/max_length", rollouts.Max(r => r.Completion.Length));
        Put("completions/clipped_ratio", rollouts.Count(r => !r.Stopped) / (double)rollouts.Length);

        void Put(string name, double value)
        {
            if (double.IsFinite(value))
            {
                _rolloutMetrics[name] = value;
            }
        }
    }

    private static TargetBatch BatchOf(Rollout[] rollouts) => TargetBatch.FromCompletions([.. rollouts.Select(r => (r.Prompt.PromptIds, r.Completion))]);

    private static void Split(Tensor logps, Rollout[] rollouts, Action<Rollout, float[]> take)
    {
        var all = logps.cpu().data<float>().ToArray();
        var at = 0;
        foreach (var rollout in rollouts)
        {
            take(rollout, all[at..(at + rollout.Completion.Length)]);
            at += rollout.Completion.Length;
        }
    }

    // Cloned: a tensor over a managed array may lie at an odd address, and sums over it then round differently.
    private Tensor Floats(IEnumerable<float> values) => tensor(values.ToArray(), dtype: ScalarType.Float32).clone().to(_policy.Device);
}
