namespace LamdAgent.Domain.Recipes;

/// <summary>Training on rewards of generated answers (grpo, rloo); names and defaults of TRL's <c>GRPOConfig</c> and <c>RLOOConfig</c>.</summary>
public sealed record ReinforcementSettings
{
    /// <summary>Names of the reward functions that the caller supplies (graders); one at least.</summary>
    public IReadOnlyList<string> RewardFuncs { get; init; } = [];

    /// <summary>Folders of reward models (method: reward) whose scores are rewards too, key <c>reward_model</c>: one or a list, after <see cref="RewardFuncs"/>. Their tokenizer must be the policy's.</summary>
    public IReadOnlyList<string> RewardModels { get; init; } = [];

    /// <summary>Weight of each reward: functions first, then models. Default 1 each.</summary>
    public IReadOnlyList<double>? RewardWeights { get; init; }

    /// <summary>Answers per prompt. Default 8 (rloo: 2).</summary>
    public int NumGenerations { get; init; } = 8;

    /// <summary>Answers per prompt in evaluations. Default: as <see cref="NumGenerations"/>.</summary>
    public int? NumGenerationsEval { get; init; }

    /// <summary>Longest answer in tokens. Default 512.</summary>
    public int MaxCompletionLength { get; init; } = 512;

    /// <summary>Sampling temperature; also divides the logits in the loss. Default 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Nucleus sampling. Default 1 (off).</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Sampling among the k likeliest tokens; 0 (default) is off.</summary>
    public int TopK { get; init; }

    /// <summary>Weight of the divergence from the reference model. Default 0 (rloo: 0.05).</summary>
    public double Beta { get; init; }

    /// <summary>Clip below 1 (and above, unless <see cref="EpsilonHigh"/>). Default 0.2.</summary>
    public double Epsilon { get; init; } = 0.2;

    /// <summary>Clip above 1 (cispo: the cap itself). Default: as <see cref="Epsilon"/>.</summary>
    public double? EpsilonHigh { get; init; }

    /// <summary>Upper bound of the unclipped ratio. Default none.</summary>
    public double? Delta { get; init; }

    /// <summary>grpo's family: dapo (default), grpo, bnpo, dr_grpo, cispo, sapo, luspo, vespo, gmpo.</summary>
    public string LossType { get; init; } = "dapo";

    /// <summary>group (default), batch or none: what the advantages are divided by.</summary>
    public string ScaleRewards { get; init; } = "group";

    /// <summary>sum_then_normalize (default) or normalize_then_sum (GDPO).</summary>
    public string MultiObjectiveAggregation { get; init; } = "sum_then_normalize";

    /// <summary>token (default), sequence (GSPO) or sequence_token.</summary>
    public string ImportanceSamplingLevel { get; init; } = "token";

    /// <summary>Optimizer steps on the same answers. Default 1.</summary>
    public int NumIterations { get; init; } = 1;

    /// <summary>Leaves answers that did not end out of the loss. Default false.</summary>
    public bool MaskTruncatedCompletions { get; init; }

    /// <summary>Share of the tokens, by entropy, that count. Default 1 (all).</summary>
    public double TopEntropyQuantile { get; init; } = 1;

    /// <summary>Weight of an entropy bonus. Default 0.</summary>
    public double EntropyCoef { get; init; }

    /// <summary>Leaves out bad answers that have become unlikely by more than this. Default none.</summary>
    public double? OffPolicyMaskThreshold { get; init; }

    /// <summary>Multiplies the KL term by the ratio. Default false.</summary>
    public bool UseBiasCorrectionKl { get; init; }

    /// <summary>sapo: sharpness of the gate for good answers. Default 1.</summary>
    public double SapoTemperaturePos { get; init; } = 1;

    /// <summary>sapo: sharpness of the gate for the others. Default 1.05.</summary>
    public double SapoTemperatureNeg { get; init; } = 1.05;

    /// <summary>vespo: power of the sequence ratio's weight, good answers. Default 2.</summary>
    public double VespoKPos { get; init; } = 2;

    /// <summary>vespo: its exponential decay, good answers. Default 3.</summary>
    public double VespoLambdaPos { get; init; } = 3;

    /// <summary>vespo: power of the sequence ratio's weight, the others. Default 3.</summary>
    public double VespoKNeg { get; init; } = 3;

    /// <summary>vespo: its exponential decay, the others. Default 2.</summary>
    public double VespoLambdaNeg { get; init; } = 2;

    /// <summary>rloo: rewards are clipped to plus and minus this pair. Default none.</summary>
    public IReadOnlyList<double>? RewardClipRange { get; init; }

    /// <summary>rloo: centre and scale advantages over the batch. Default false.</summary>
    public bool NormalizeAdvantages { get; init; }

    internal static ReinforcementSettings Read(RecipeReader r, TrainingMethod method)
    {
        var rloo = method == TrainingMethod.Rloo;
        var d = new ReinforcementSettings();
        var settings = new ReinforcementSettings
        {
            RewardFuncs = RecipeReader.Words(r.Optional("reward_funcs")) ?? [],
            RewardModels = RecipeReader.Words(r.Optional("reward_model")) ?? [],
            RewardWeights = r.Numbers("reward_weights"),
            NumGenerations = r.Int("num_generations", rloo ? 2 : d.NumGenerations, 2, 4096),
            NumGenerationsEval = r.OptionalInt("num_generations_eval", rloo ? 2 : 1, 4096),
            MaxCompletionLength = r.Int("max_completion_length", d.MaxCompletionLength, 1, 1 << 20),
            Temperature = r.Double("temperature", d.Temperature, 1e-4, 100),
            TopP = r.Double("top_p", d.TopP, 1e-9, 1),
            TopK = r.Int("top_k", d.TopK, 0, 1 << 24),
            Beta = r.Double("beta", rloo ? 0.05 : 0, 0, 1e6),
            Epsilon = r.Double("epsilon", d.Epsilon, 0, 100),
            EpsilonHigh = r.OptionalDouble("epsilon_high", 0, 1000),
            NumIterations = r.Int("num_iterations", 1, 1, 1000),
            MaskTruncatedCompletions = r.Bool("mask_truncated_completions", false),
        };
        settings = rloo
            ? settings with
            {
                RewardClipRange = r.Numbers("reward_clip_range"),
                NormalizeAdvantages = r.Bool("normalize_advantages", false),
            }
            : settings with
            {
                LossType = r.OneOf("loss_type", d.LossType, ["dapo", "grpo", "bnpo", "dr_grpo", "cispo", "sapo", "luspo", "vespo", "gmpo"]),
                Delta = r.OptionalDouble("delta", 0, 1000),
                ScaleRewards = r.OneOf("scale_rewards", d.ScaleRewards, ["group", "batch", "none"]),
                MultiObjectiveAggregation = r.OneOf("multi_objective_aggregation", d.MultiObjectiveAggregation, ["sum_then_normalize", "normalize_then_sum"]),
                ImportanceSamplingLevel = r.OneOf("importance_sampling_level", d.ImportanceSamplingLevel, ["token", "sequence", "sequence_token"]),
                TopEntropyQuantile = r.Double("top_entropy_quantile", 1, 0, 1),
                EntropyCoef = r.Double("entropy_coef", 0, 0, 100),
                OffPolicyMaskThreshold = r.OptionalDouble("off_policy_mask_threshold", 0, 1000),
                UseBiasCorrectionKl = r.Bool("use_bias_correction_kl", false),
                SapoTemperaturePos = r.Double("sapo_temperature_pos", d.SapoTemperaturePos, 1e-6, 1e6),
                SapoTemperatureNeg = r.Double("sapo_temperature_neg", d.SapoTemperatureNeg, 1e-6, 1e6),
                VespoKPos = r.Double("vespo_k_pos", d.VespoKPos, 0, 1e6),
                VespoLambdaPos = r.Double("vespo_lambda_pos", d.VespoLambdaPos, 0, 1e6),
                VespoKNeg = r.Double("vespo_k_neg", d.VespoKNeg, 0, 1e6),
                VespoLambdaNeg = r.Double("vespo_lambda_neg", d.VespoLambdaNeg, 0, 1e6),
            };
        var answers = r.Int("per_device_train_batch_size", new OptimizationSettings().PerDeviceTrainBatchSize, 1, 1 << 20);
        if (answers % settings.NumGenerations != 0)
        {
            throw r.Error("num_generations", $"per_device_train_batch_size ({answers}) counts answers and must be a multiple of num_generations ({settings.NumGenerations})");
        }

        if (settings.RewardClipRange is { Count: not 2 })
        {
            throw r.Error("reward_clip_range", "give two numbers: [low, high]");
        }

        var rewards = settings.RewardFuncs.Count + settings.RewardModels.Count;
        if (settings.RewardWeights is { } weights && rewards > 0 && weights.Count != rewards)
        {
            throw r.Error("reward_weights", $"{weights.Count} weights for {rewards} rewards; give one each, functions first");
        }

        return settings;
    }
}
