namespace LamdAgent.Domain.Recipes;

/// <summary>Optimizer, learning-rate schedule and length of a training; names and defaults of transformers' <c>TrainingArguments</c> unless said otherwise.</summary>
public sealed record OptimizationSettings
{
    /// <summary>Peak rate. Default by method, TRL's: cpt and sft 2e-5, dpo, kto, cpo, simpo, orpo, grpo, rloo 1e-6, reward 1e-4, distillation and gkd 2e-5.</summary>
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>Schedule. Default <c>linear</c>.</summary>
    public string LrSchedulerType { get; init; } = "linear";

    /// <summary>Numbers of the schedule, key <c>lr_scheduler_kwargs</c>; which ones it has stands in <see cref="ScheduleNumbers"/>.</summary>
    public IReadOnlyDictionary<string, double> LrSchedulerKwargs { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Shape of the decay of <c>warmup_stable_decay</c>, <c>decay_type</c> among the kwargs: linear, cosine or 1-sqrt. Default cosine.</summary>
    public string DecayType { get; init; } = "cosine";

    /// <summary>Shape of the warm-up of <c>warmup_stable_decay</c>, <c>warmup_type</c> among the kwargs: linear, cosine or 1-sqrt. Default linear.</summary>
    public string WarmupType { get; init; } = "linear";

    /// <summary>How <c>reduce_lr_on_plateau</c> holds its threshold against the best evaluation, <c>threshold_mode</c> among the kwargs: rel (default) or abs.</summary>
    public string ThresholdMode { get; init; } = "rel";

    /// <summary>Warm-up: from 1 on a number of steps, below 1 a share of all steps rounded up. <c>warmup_ratio</c> is read as the share. Default 0.</summary>
    public double WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay on every weight that is not a bias or of a norm, as in transformers. Default 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>First moment's decay. Default 0.9.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Second moment's decay. Default 0.999.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment. Default 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Global gradient norm above which all gradients are scaled down; 0 or null switches clipping off. Default 1.</summary>
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
        var schedule = r.OneOf("lr_scheduler_type", d.LrSchedulerType, Schedules);
        var (numbers, words) = ReadKwargs(r, schedule);
        var warmup = r.Double("warmup_steps", 0, 0, 1e9);
        if (r.OptionalDouble("warmup_ratio", 0, 1) is { } ratio)
        {
            warmup = warmup == 0 ? ratio : throw r.Error("warmup_ratio", "give warmup_steps or warmup_ratio, not both");
        }

        var rate = r.Double("learning_rate", DefaultLearningRate(method), 0, 100);
        CheckNumbers(r, schedule, numbers, rate);
        return new OptimizationSettings
        {
            LearningRate = rate,
            LrSchedulerType = schedule,
            LrSchedulerKwargs = numbers,
            DecayType = words.GetValueOrDefault("decay_type", d.DecayType),
            WarmupType = words.GetValueOrDefault("warmup_type", d.WarmupType),
            ThresholdMode = words.GetValueOrDefault("threshold_mode", d.ThresholdMode),
            WarmupSteps = warmup,
            WeightDecay = r.Double("weight_decay", d.WeightDecay, 0, 100),
            AdamBeta1 = r.Double("adam_beta1", d.AdamBeta1, 0, 0.999999999),
            AdamBeta2 = r.Double("adam_beta2", d.AdamBeta2, 0, 0.999999999),
            AdamEpsilon = r.Double("adam_epsilon", d.AdamEpsilon, 0, 1),
            MaxGradNorm = r.Double("max_grad_norm", r.IsNull("max_grad_norm") ? 0 : d.MaxGradNorm, 0, 1e9),
            NumTrainEpochs = r.Double("num_train_epochs", d.NumTrainEpochs, 0, 1e6),
            MaxSteps = r.Int("max_steps", d.MaxSteps, -1, int.MaxValue),
            PerDeviceTrainBatchSize = r.Int("per_device_train_batch_size", d.PerDeviceTrainBatchSize, 1, 1 << 20),
            GradientAccumulationSteps = r.Int("gradient_accumulation_steps", d.GradientAccumulationSteps, 1, 1 << 20),
        };
    }

    /// <summary>Lowers the rate whenever evaluations stop getting better, as PyTorch's <c>ReduceLROnPlateau</c>.</summary>
    public const string ReduceOnPlateau = "reduce_lr_on_plateau";

    /// <summary>Schedules that a recipe may name.</summary>
    public static IReadOnlyList<string> Schedules => [.. ScheduleNumbers.Keys];

    /// <summary>For each schedule, the numbers that it has; transformers refuses others too.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> ScheduleNumbers { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        ["linear"] = [],
        ["cosine"] = ["num_cycles"],
        ["cosine_with_restarts"] = ["num_cycles"],
        ["polynomial"] = ["power", "lr_end"],
        ["constant"] = [],
        ["constant_with_warmup"] = [],
        ["inverse_sqrt"] = ["timescale"],
        ["cosine_with_min_lr"] = ["num_cycles", "min_lr", "min_lr_rate"],
        ["cosine_warmup_with_min_lr"] = ["num_cycles", "min_lr", "min_lr_rate", "warmup_lr_rate"],
        ["warmup_stable_decay"] = ["num_decay_steps", "min_lr_ratio", "num_cycles"],
        [ReduceOnPlateau] = ["factor", "patience", "threshold", "cooldown", "min_lr", "eps"],
    };

    private static readonly Dictionary<string, (string Schedule, string[] Valid)> ScheduleWords = new(StringComparer.Ordinal)
    {
        ["decay_type"] = ("warmup_stable_decay", ["linear", "cosine", "1-sqrt"]),
        ["warmup_type"] = ("warmup_stable_decay", ["linear", "cosine", "1-sqrt"]),
        ["threshold_mode"] = (ReduceOnPlateau, ["rel", "abs"]),
        ["mode"] = (ReduceOnPlateau, ["min"]),
    };

    private static double DefaultLearningRate(TrainingMethod method) => method switch
    {
        TrainingMethod.Cpt or TrainingMethod.Sft or TrainingMethod.Distillation or TrainingMethod.Gkd => 2e-5,
        TrainingMethod.Reward => 1e-4,
        _ => 1e-6,
    };

    // What transformers refuses when it makes the schedule.
    private static void CheckNumbers(RecipeReader r, string schedule, SortedDictionary<string, double> numbers, double rate)
    {
        if (numbers.ContainsKey("min_lr") && numbers.ContainsKey("min_lr_rate"))
        {
            throw r.Error("lr_scheduler_kwargs", "give min_lr (a rate) or min_lr_rate (a share of learning_rate), not both");
        }

        if (schedule == "polynomial" && rate > 0 && numbers.GetValueOrDefault("lr_end", 1e-7) is var end && end >= rate)
        {
            throw r.Error("lr_scheduler_type", FormattableString.Invariant($"polynomial falls from learning_rate ({rate}) to lr_end ({end}), which must be smaller"));
        }
    }

    private static (SortedDictionary<string, double> Numbers, Dictionary<string, string> Words) ReadKwargs(RecipeReader r, string schedule)
    {
        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        if (r.Optional("lr_scheduler_kwargs") is not { } node)
        {
            return (numbers, words);
        }

        var m = node.AsMapping();
        foreach (var key in ScheduleNumbers[schedule])
        {
            if (m.Optional(key) is { } value)
            {
                numbers[key] = value.AsDouble(0, key == "factor" ? 0.999999999 : 1e9);
            }
        }

        foreach (var (key, (_, valid)) in ScheduleWords.Where(w => w.Value.Schedule == schedule))
        {
            if (m.Optional(key) is { } value)
            {
                words[key] = value.AsOneOf(valid);
            }
        }

        if (m.Entries.FirstOrDefault(e => !ScheduleNumbers[schedule].Contains(e.Key) && IsOfAnother(e.Key)) is { Key: { } other, Line: var line })
        {
            throw new InvalidInputException(m.File, line, $"lr_scheduler_kwargs: '{other}' has no meaning for lr_scheduler_type '{schedule}'{(ScheduleNumbers[schedule].Count == 0 ? "" : $"; it has {string.Join(", ", ScheduleNumbers[schedule])}")}");
        }

        m.RejectUnknownKeys();
        return (numbers, words);

        bool IsOfAnother(string key) => ScheduleWords.TryGetValue(key, out var word) ? word.Schedule != schedule : ScheduleNumbers.Values.Any(n => n.Contains(key));
    }
}
