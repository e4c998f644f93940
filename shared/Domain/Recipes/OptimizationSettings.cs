namespace LamdAgent.Domain.Recipes;

/// <summary>Optimizer, learning-rate schedule and length of a training; names and defaults of transformers' <c>TrainingArguments</c> unless said otherwise.</summary>
public sealed record OptimizationSettings
{
    /// <summary>Peak rate. Default by method, TRL's: cpt and sft 2e-5, dpo, kto, cpo, simpo, orpo, grpo, rloo 1e-6, reward 1e-4, distillation and gkd 2e-5.</summary>
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>Schedule. Default <c>linear</c>.</summary>
    public string LrSchedulerType { get; init; } = "linear";

    /// <summary>Numbers of the schedule, key <c>lr_scheduler_kwargs</c>: num_cycles, min_lr, min_lr_rate, power, lr_end, timescale, num_decay_steps, min_lr_ratio.</summary>
    public IReadOnlyDictionary<string, double> LrSchedulerKwargs { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Shape of the decay of <c>warmup_stable_decay</c>, <c>decay_type</c> among the kwargs: linear, cosine or 1-sqrt. Default cosine.</summary>
    public string DecayType { get; init; } = "cosine";

    /// <summary>Warm-up: from 1 on a number of steps, below 1 a share of all steps rounded up. <c>warmup_ratio</c> is read as the share. Default 0.</summary>
    public double WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay on every weight that has two or more dimensions (norms and biases are left out, as in transformers). Default 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>First moment's decay. Default 0.9.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Second moment's decay. Default 0.999.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment. Default 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Global gradient norm above which all gradients are scaled down; 0 switches clipping off. Default 1.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Passes over the data; parts of a pass are allowed. Default 3.</summary>
    public double NumTrainEpochs { get; init; } = 3;

    /// <summary>Number of optimizer steps; when positive it replaces <see cref="NumTrainEpochs"/>, the data are repeated as needed. Default -1.</summary>
    public int MaxSteps { get; init; } = -1;

    /// <summary>Rows per micro-batch (packed rows when packing; prompts x generations for grpo and rloo). Default 8.</summary>
    public int PerDeviceTrainBatchSize { get; init; } = 8;

    /// <summary>Micro-batches per optimizer step. Default 1.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;

    internal static OptimizationSettings Read(RecipeReader r, TrainingMethod method)
    {
        var d = new OptimizationSettings();
        var (numbers, decayType) = ReadKwargs(r);
        var warmup = r.Double("warmup_steps", 0, 0, 1e9);
        if (r.OptionalDouble("warmup_ratio", 0, 1) is { } ratio)
        {
            warmup = warmup == 0 ? ratio : throw r.Error("warmup_ratio", "give warmup_steps or warmup_ratio, not both");
        }

        return new OptimizationSettings
        {
            LearningRate = r.Double("learning_rate", DefaultLearningRate(method), 0, 100),
            LrSchedulerType = r.OneOf("lr_scheduler_type", d.LrSchedulerType, Schedules),
            LrSchedulerKwargs = numbers,
            DecayType = decayType,
            WarmupSteps = warmup,
            WeightDecay = r.Double("weight_decay", d.WeightDecay, 0, 100),
            AdamBeta1 = r.Double("adam_beta1", d.AdamBeta1, 0, 0.999999999),
            AdamBeta2 = r.Double("adam_beta2", d.AdamBeta2, 0, 0.999999999),
            AdamEpsilon = r.Double("adam_epsilon", d.AdamEpsilon, 0, 1),
            MaxGradNorm = r.Double("max_grad_norm", d.MaxGradNorm, 0, 1e9),
            NumTrainEpochs = r.Double("num_train_epochs", d.NumTrainEpochs, 0, 1e6),
            MaxSteps = r.Int("max_steps", d.MaxSteps, -1, int.MaxValue),
            PerDeviceTrainBatchSize = r.Int("per_device_train_batch_size", d.PerDeviceTrainBatchSize, 1, 1 << 20),
            GradientAccumulationSteps = r.Int("gradient_accumulation_steps", d.GradientAccumulationSteps, 1, 1 << 20),
        };
    }

    /// <summary>Schedules that a recipe may name.</summary>
    public static IReadOnlyList<string> Schedules { get; } =
    [
        "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
        "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay",
    ];

    private static double DefaultLearningRate(TrainingMethod method) => method switch
    {
        TrainingMethod.Cpt or TrainingMethod.Sft or TrainingMethod.Distillation or TrainingMethod.Gkd => 2e-5,
        TrainingMethod.Reward => 1e-4,
        _ => 1e-6,
    };

    private static (SortedDictionary<string, double> Numbers, string DecayType) ReadKwargs(RecipeReader r)
    {
        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var decayType = "cosine";
        if (r.Optional("lr_scheduler_kwargs") is { } node)
        {
            var m = node.AsMapping();
            foreach (var key in (string[])["num_cycles", "min_lr", "min_lr_rate", "power", "lr_end", "timescale", "num_decay_steps", "min_lr_ratio"])
            {
                if (m.Optional(key) is { } value)
                {
                    numbers[key] = value.AsDouble(0, 1e9);
                }
            }

            decayType = m.Optional("decay_type")?.AsOneOf(["linear", "cosine", "1-sqrt"]) ?? decayType;
            m.RejectUnknownKeys();
        }

        return (numbers, decayType);
    }
}
