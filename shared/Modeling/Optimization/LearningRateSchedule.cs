using LamdAgent.Domain.Recipes;

namespace LamdAgent.Modeling.Optimization;

/// <summary>
/// Learning rate of each optimizer step, the schedules of transformers' <c>get_scheduler</c> (5.12.1) with their quirks: warm-up starts at rate 0, and plain <c>cosine</c>
/// rises again beyond the last step. A pure function of the step, so there is no state to save; what evaluations take off it is <see cref="PlateauReduction"/>'s.
/// </summary>
public sealed class LearningRateSchedule
{
    private readonly OptimizationSettings _settings;
    private readonly int _warmup;
    private readonly int _total;

    /// <summary>A schedule over a number of steps.</summary>
    /// <param name="settings">Rate, type, warm-up and the type's parameters.</param>
    /// <param name="totalSteps">Optimizer steps of the training.</param>
    public LearningRateSchedule(OptimizationSettings settings, int totalSteps)
    {
        _settings = settings;
        _total = totalSteps;
        _warmup = WarmupSteps(settings.WarmupSteps, totalSteps);
    }

    /// <summary>Steps of warm-up: a setting from 1 on is a count, below 1 a share of the steps rounded up.</summary>
    public static int WarmupSteps(double setting, int totalSteps) => setting >= 1 ? (int)setting : (int)Math.Ceiling(totalSteps * setting);

    /// <summary>The rate of optimizer step <paramref name="step"/>, counted from 0.</summary>
    public double At(int step) => _settings.LearningRate * Factor(step);

    private double Factor(int step)
    {
        double s = step;
        switch (_settings.LrSchedulerType)
        {
            case "constant" or OptimizationSettings.ReduceOnPlateau:
                return 1;
            case "inverse_sqrt":
                var timescale = Number("timescale", _warmup > 0 ? _warmup : 10_000);
                return step < _warmup ? Warmup(step) : 1 / Math.Sqrt((s + timescale - _warmup) / timescale);
            case "cosine_warmup_with_min_lr":
                // This schedule warms up from one step on (or a rate of its own), not from 0, and counts one further afterwards.
                var start = Number("warmup_lr_rate", double.NaN);
                return step < _warmup
                    ? double.IsNaN(start) ? (s + 1) / Math.Max(1, _warmup) : start + ((1 - start) * s / Math.Max(1, _warmup - 1))
                    : FlooredCosine((s - _warmup + 1) / Math.Max(1, _total - _warmup));
            case "warmup_stable_decay":
                return StableDecay(step);
        }

        if (step < _warmup)
        {
            return Warmup(step);
        }

        var q = (s - _warmup) / Math.Max(1, _total - _warmup);
        switch (_settings.LrSchedulerType)
        {
            case "linear":
                return Math.Max(0, 1 - q);
            case "constant_with_warmup":
                return 1;
            case "cosine":
                return Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * Number("num_cycles", 0.5) * 2 * q)));
            case "cosine_with_restarts":
                return q >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (Number("num_cycles", 1) * q % 1))));
            case "cosine_with_min_lr":
                return FlooredCosine(q);
            case "polynomial":
                var end = Number("lr_end", 1e-7);
                return step > _total
                    ? end / _settings.LearningRate
                    : (((_settings.LearningRate - end) * Math.Pow(1 - q, Number("power", 1))) + end) / _settings.LearningRate;
            default:
                throw new ArgumentException($"unknown lr_scheduler_type '{_settings.LrSchedulerType}'");
        }
    }

    private double Warmup(int step) => (double)step / Math.Max(1, _warmup);

    private double FlooredCosine(double q)
    {
        var floor = _settings.LrSchedulerKwargs.TryGetValue("min_lr", out var rate) ? rate / _settings.LearningRate : Number("min_lr_rate", 0);
        return Math.Max(0, (0.5 * (1 + Math.Cos(Math.PI * Number("num_cycles", 0.5) * 2 * q)) * (1 - floor)) + floor);
    }

    private double StableDecay(int step)
    {
        var floor = Number("min_lr_ratio", 0);
        var decay = (int)Number("num_decay_steps", Math.Max(1, _total / 10));
        var stable = _total - _warmup - decay;
        if (step < _warmup)
        {
            var done = Warmup(step);
            var risen = _settings.WarmupType switch
            {
                "linear" => done,
                "cosine" => 0.5 * (1 - Math.Cos(Math.PI * done)),
                "1-sqrt" => 1 - Math.Sqrt(1 - done),
                _ => throw new ArgumentException($"unknown warmup_type '{_settings.WarmupType}'"),
            };
            return (risen * (1 - floor)) + floor;
        }

        if (step < _warmup + stable)
        {
            return 1;
        }

        if (step >= _warmup + stable + decay)
        {
            return floor;
        }

        var p = (double)(step - _warmup - stable) / Math.Max(1, decay);
        var shape = _settings.DecayType switch
        {
            "linear" => 1 - p,
            "cosine" => 0.5 * (1 + Math.Cos(Math.PI * Number("num_cycles", 0.5) * 2 * p)),
            "1-sqrt" => 1 - Math.Sqrt(p),
            _ => throw new ArgumentException($"unknown decay_type '{_settings.DecayType}'"),
        };
        return Math.Max(0, (shape * (1 - floor)) + floor);
    }

    private double Number(string key, double fallback) => _settings.LrSchedulerKwargs.TryGetValue(key, out var value) ? value : fallback;
}
