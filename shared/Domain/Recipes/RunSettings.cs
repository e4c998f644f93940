namespace LamdAgent.Domain.Recipes;

/// <summary>How a training runs on the machine: precision, device, memory, evaluation, saving. Names of transformers where it has the same thing.</summary>
public sealed record RunSettings
{
    /// <summary>Seed of row order, dropout, noise, random weights and sampling. Default 42.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>Type of the forward and backward pass: <c>bfloat16</c> (default, as TRL; the weights that the optimizer keeps are float32) or <c>float32</c>. <c>bf16: true|false</c> is read as well. A CPU without AVX-512 computes in float32 either way, and the result says so: its bfloat16 is a hundred times slower.</summary>
    public string Precision { get; init; } = "bfloat16";

    /// <summary>Type of the written weights: <c>auto</c> (default: that of the model that was read), float32, bfloat16, float16.</summary>
    public string SaveDtype { get; init; } = "auto";

    /// <summary>auto (default: a GPU when there is one), cpu, cuda, cuda:N.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>CPU threads; the same number gives the same bytes. Default: as many as processors.</summary>
    public int? NumThreads { get; init; }

    /// <summary>Recomputes activations in the backward pass instead of keeping them. Default false (TRL: true, which costs a third of the speed where memory is not short).</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Memory in GB (10^9) that the training may take; null (default): what the machine has free.</summary>
    public double? MaxMemoryGb { get; init; }

    /// <summary>Steps between evaluations; below 1 a share of all steps; 0 (default with no eval_dataset) never. Default with an eval_dataset: at the end of each pass.</summary>
    public double? EvalSteps { get; init; }

    /// <summary>Rows per evaluation batch. Default 8.</summary>
    public int PerDeviceEvalBatchSize { get; init; } = 8;

    /// <summary>Stops after this many evaluations without improvement; null (default): never.</summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>Smallest gain in evaluation loss that counts. Default 0.</summary>
    public double EarlyStoppingThreshold { get; init; }

    /// <summary>Ends with the weights of the best evaluation. Default false; true with early stopping.</summary>
    public bool LoadBestModelAtEnd { get; init; }

    /// <summary>Seconds between checkpoints. Default 300; 0 switches them off.</summary>
    public double SaveSeconds { get; init; } = 300;

    /// <summary>Also a checkpoint every so many steps; 0 (default): by time only.</summary>
    public int SaveSteps { get; init; }

    /// <summary>Checkpoints kept. Default 2.</summary>
    public int SaveTotalLimit { get; init; } = 2;

    /// <summary>A loss above this many times the first steps' mean counts as diverged (ours; NaN and infinity always do). Default 5, and never below 2 nats above it.</summary>
    public double DivergenceFactor { get; init; } = 5;

    internal static RunSettings Read(RecipeReader r, bool hasEval)
    {
        var d = new RunSettings();
        var precision = r.OneOf("precision", d.Precision, ["bfloat16", "float32"]);
        if (r.Optional("bf16")?.AsBool() is { } bf16)
        {
            var named = bf16 ? "bfloat16" : "float32";
            precision = r.Optional("precision") is null || precision == named ? named : throw r.Error("bf16", $"contradicts precision: {precision}");
        }

        var device = r.Text("device") ?? d.Device;
        if (device is not ("auto" or "cpu" or "cuda") && !(device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), out _)))
        {
            throw r.Error("device", $"unknown device '{device}'; valid: auto, cpu, cuda, cuda:N");
        }

        var patience = r.OptionalInt("early_stopping_patience", 1, 1_000_000);
        if (patience is not null && !hasEval)
        {
            throw r.Error("early_stopping_patience", "early stopping needs an eval_dataset");
        }

        if (r.Text("lr_scheduler_type") == OptimizationSettings.ReduceOnPlateau && !hasEval)
        {
            throw r.Error("lr_scheduler_type", $"{OptimizationSettings.ReduceOnPlateau} goes by evaluations: it needs an eval_dataset");
        }

        return new RunSettings
        {
            Seed = r.Int("seed", d.Seed, 0, int.MaxValue),
            Precision = precision,
            SaveDtype = r.OneOf("save_dtype", d.SaveDtype, ["auto", "float32", "bfloat16", "float16"]),
            Device = device,
            NumThreads = r.OptionalInt("num_threads", 1, 1024),
            GradientCheckpointing = r.Bool("gradient_checkpointing", false),
            MaxMemoryGb = r.OptionalDouble("max_memory_gb", 0.001, 1e6),
            EvalSteps = r.OptionalDouble("eval_steps", 0, 1e9),
            PerDeviceEvalBatchSize = r.Int("per_device_eval_batch_size", d.PerDeviceEvalBatchSize, 1, 1 << 20),
            EarlyStoppingPatience = patience,
            EarlyStoppingThreshold = r.Double("early_stopping_threshold", 0, 0, 1e6),
            LoadBestModelAtEnd = r.Bool("load_best_model_at_end", patience is not null),
            SaveSeconds = r.Double("save_seconds", d.SaveSeconds, 0, 1e7),
            SaveSteps = r.Int("save_steps", 0, 0, int.MaxValue),
            SaveTotalLimit = r.Int("save_total_limit", d.SaveTotalLimit, 1, 1000),
            DivergenceFactor = r.Double("divergence_factor", d.DivergenceFactor, 1, 1e9),
        };
    }
}
