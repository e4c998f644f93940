using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Generation;
using LamdAgent.Modeling.Losses;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>Answers to prompts with their rewards and advantages, for grpo and rloo. What is generated depends on seed and weights alone.</summary>
internal sealed class RolloutSource(
    TrainingRecipe recipe, Policy policy, ReferenceModel? reference, IReadOnlyList<IRewardFunction> rewards, Tokenizer tokenizer, IReadOnlyList<int> stopIds)
{
    private readonly ReinforcementSettings _settings = recipe.Reinforcement;
    private readonly bool _rloo = recipe.Method == TrainingMethod.Rloo;

    /// <summary>Answers prompt by prompt, <paramref name="generations"/> each, and what is to be logged about them.</summary>
    public (Rollout[] Rollouts, Dictionary<string, double> Metrics) Generate(IReadOnlyList<PromptRow> rows, int generations, long seed, CancellationToken cancellation)
    {
        var prompts = rows.SelectMany(r => Enumerable.Repeat(r, generations)).ToArray();
        var settings = new GenerationSettings
        {
            MaxNewTokens = _settings.MaxCompletionLength,
            StopIds = [.. stopIds],
            Temperature = _settings.Temperature,
            TopP = _settings.TopP,
            TopK = _settings.TopK,
            Seed = seed,
            BatchSize = Math.Max(16, recipe.Optimization.PerDeviceTrainBatchSize),
        };
        var texts = new TextGenerator(policy.Model).Generate([.. prompts.Select(p => (IReadOnlyList<int>)p.PromptIds)], settings, null, cancellation);
        var rollouts = prompts.Select((p, i) => new Rollout { Prompt = p, Completion = [.. texts[i].Ids], Stopped = texts[i].Stopped }).ToArray();
        AddLogps(rollouts);
        return (rollouts, Score(rollouts, generations, cancellation));
    }

    private void AddLogps(Rollout[] rollouts)
    {
        var needsOld = _settings.NumIterations > 1 || (_rloo && _settings.Beta != 0);
        foreach (var part in rollouts.Chunk(recipe.Optimization.PerDeviceTrainBatchSize))
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            var batch = Rollout.BatchOf(part);
            if (needsOld)
            {
                Split(policy.Pass(batch, _settings.Temperature).Score().Logps, part, (r, logps) => r.OldLogps = logps);
            }

            if (reference is not null)
            {
                Split(reference.Logps(batch, _settings.Temperature), part, (r, logps) => r.RefLogps = logps);
            }
        }
    }

    private Dictionary<string, double> Score(Rollout[] rollouts, int generations, CancellationToken cancellation)
    {
        var answers = rollouts
            .Select(r => new GeneratedAnswer(r.Prompt, tokenizer.Decode(r.Stopped ? r.Completion[..^1] : r.Completion, skipSpecialTokens: true), r.Completion))
            .ToArray();
        var columns = rewards.Select(f => f.Score(answers, cancellation)).ToArray();
        var table = rollouts.Select((_, i) => (IReadOnlyList<double?>)[.. columns.Select(c => c[i])]).ToArray();
        var weights = _settings.RewardWeights ?? [.. rewards.Select(_ => 1.0)];
        var sums = GroupAdvantages.WeightedSums(table, weights);
        var metrics = Metrics(rollouts, columns, sums);
        double[] advantages;
        if (_rloo)
        {
            // An answer that is masked has no divergence either, as in TRL.
            var kl = rollouts[0].RefLogps is null
                ? null
                : rollouts.Select(r => Counts(r) ? r.OldLogps!.Zip(r.RefLogps!, (o, f) => (double)o - f).Sum() : 0).ToArray();
            var penalized = GroupAdvantages.PenalizedRewards(sums, _settings.RewardClipRange, kl, _settings.Beta);
            advantages = GroupAdvantages.LeaveOneOut(penalized, generations, _settings.NormalizeAdvantages);
            metrics["frac_reward_zero_std"] = GroupAdvantages.ShareWithoutSpread(penalized, generations);
            if (kl is not null)
            {
                metrics["kl"] = kl.Sum() / Math.Max(1, rollouts.Where(Counts).Sum(r => r.Completion.Length));
            }
        }
        else
        {
            (advantages, metrics["frac_reward_zero_std"]) = GroupAdvantages.Compute(table, weights, generations, _settings.ScaleRewards, _settings.MultiObjectiveAggregation);
        }

        for (var i = 0; i < rollouts.Length; i++)
        {
            rollouts[i].Advantage = advantages[i];
        }

        return metrics;
    }

    // TRL's names; what has no value here (no answer could be scored) is left out.
    private Dictionary<string, double> Metrics(Rollout[] rollouts, IReadOnlyList<double?>[] columns, double[] sums)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var k = 0; k < columns.Length; k++)
        {
            var (mean, deviation) = GroupAdvantages.MeanAndDeviation([.. columns[k].OfType<double>()]);
            Put($"rewards/{rewards[k].Name}/mean", mean);
            Put($"rewards/{rewards[k].Name}/std", deviation);
        }

        var (rewardMean, rewardDeviation) = GroupAdvantages.MeanAndDeviation([.. sums.Where(double.IsFinite)]);
        Put("reward", rewardMean);
        Put("reward_std", rewardDeviation);
        PutLengths("length", [.. rollouts.Select(r => r.Completion.Length)]);
        PutLengths("terminated_length", [.. rollouts.Where(r => r.Stopped).Select(r => r.Completion.Length).DefaultIfEmpty(0)]);
        Put("completions/clipped_ratio", rollouts.Count(r => !r.Stopped) / (double)rollouts.Length);
        return metrics;

        void PutLengths(string name, int[] lengths)
        {
            Put($"completions/mean_{name}", lengths.Average());
            Put($"completions/min_{name}", lengths.Min());
            Put($"completions/max_{name}", lengths.Max());
        }

        void Put(string name, double value)
        {
            if (double.IsFinite(value))
            {
                metrics[name] = value;
            }
        }
    }

    private bool Counts(Rollout rollout) => rollout.Stopped || !_settings.MaskTruncatedCompletions;

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
}
