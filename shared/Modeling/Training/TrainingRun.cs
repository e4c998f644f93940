using System.Diagnostics;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Optimization;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>One run: steps, metrics, checkpoints, evaluation, end. Everything that differs between methods is in the objective.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const string Remedies = "use lora, bfloat16, gradient_checkpointing, a smaller max_length or a smaller model";
    private readonly TrainingRecipe _recipe;
    private readonly TrainingJob _job;
    private readonly Policy _policy;
    private readonly IObjective _objective;
    private readonly RunIdentity _identity;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly string _workFolder;
    private readonly AdamW _optimizer;
    private readonly CheckpointStore _checkpoints;
    private readonly BatchPlan _plan;
    private readonly LearningRateSchedule _schedule;
    private readonly DivergenceGuard _guard;
    private readonly RunClock _clock;
    private readonly int _evalEvery;
    private TrainingState _state;
    private int _checkpointsWritten;
    private double _checkpointSeconds;
    private double? _unloggedCheckpointSeconds;

    public TrainingRun(TrainingRecipe recipe, TrainingJob job, Policy policy, IObjective objective, RunIdentity identity, IProgress<TrainingProgress>? progress)
    {
        (_recipe, _job, _policy, _objective, _identity, _progress) = (recipe, job, policy, objective, identity, progress);
        _workFolder = job.WorkFolder ?? job.OutputFolder + ".training";
        _optimizer = new AdamW(policy.Trained, recipe.Optimization);
        _checkpoints = new CheckpointStore(_workFolder, identity.Digest, recipe.Run.SaveTotalLimit);
        var batches = BatchesOf(recipe);
        var order = new RowOrder(
            objective.RowCount, recipe.Run.Seed, recipe.Data.Shuffle, recipe.Data.GroupByLength ? objective.TokensOf : null, batches.PerDeviceTrainBatchSize);
        _plan = new BatchPlan(order, objective.RowCount, batches, objective.StepsPerGeneration);
        if (_plan.TotalSteps == 0)
        {
            throw new InvalidInputException("the recipe asks for no training steps (num_train_epochs and max_steps)");
        }

        _schedule = new LearningRateSchedule(recipe.Optimization, _plan.TotalSteps);
        _guard = new DivergenceGuard(recipe.Run.DivergenceFactor);
        _evalEvery = EvaluationInterval(recipe, _plan);
        _state = new TrainingState { Identity = identity.Digest, Threads = get_num_threads(), Split = SplitThatFits() };
        _clock = new RunClock(job.Time);
    }

    public TrainingResult ToEnd(CancellationToken cancellation)
    {
        Directory.CreateDirectory(_workFolder);
        var resumedFrom = Resume();
        using (var log = MetricsLog.Open(Path.Combine(_workFolder, MetricsLog.FileName), _state.Step))
        {
            _clock.Start();
            while (_state.Step < _plan.TotalSteps && !_state.StoppedEarly)
            {
                if (cancellation.IsCancellationRequested)
                {
                    if (CanResumeHere)
                    {
                        SaveCheckpoint();
                        Say($"stopped at step {_state.Step} of {_plan.TotalSteps}, its checkpoint is written");
                    }

                    cancellation.ThrowIfCancellationRequested();
                }

                Step(log, cancellation);
                if (CheckpointIsDue())
                {
                    SaveCheckpoint();
                }
            }
        }

        if (_recipe.Run.LoadBestModelAtEnd && _state.BestStep > 0)
        {
            _checkpoints.LoadBest(_state.BestStep, _policy.Trained.Master);
            _policy.Trained.Changed();
        }

        Publish();
        return new TrainingResult
        {
            OutputFolder = _job.OutputFolder,
            Steps = _state.Step,
            Loss = _state.LastLoss,
            EvalLoss = _state.EvalLoss,
            Tokens = _state.Tokens,
            Seconds = _clock.Elapsed.TotalSeconds,
            ResumedFrom = resumedFrom,
            StoppedEarly = _state.StoppedEarly,
            Checkpoints = _checkpointsWritten,
            CheckpointBytes = _checkpoints.LastBytes,
            CheckpointSeconds = _checkpointSeconds,
        };
    }

    public void Dispose() => _optimizer.Dispose();

    private int Resume()
    {
        if (_checkpoints.Load(_policy.Trained.Master, _optimizer) is not { } state)
        {
            return 0;
        }

        if (state.Threads != _state.Threads)
        {
            Say($"resumed with {_state.Threads} threads instead of {state.Threads}: the last digits of the result may differ from an undisturbed run");
        }

        _policy.Trained.Changed();
        _state = state with { Threads = _state.Threads };
        (_guard.BaselineSum, _guard.BaselineCount, _guard.Above) = (state.BaselineSum, state.BaselineCount, state.Above);
        Say($"resumed at step {state.Step} of {_plan.TotalSteps} from its checkpoint");
        return state.Step;
    }

    private void Step(MetricsLog log, CancellationToken cancellation)
    {
        var started = _job.Time.GetTimestamp();
        var step = _state.Step;
        var (loss, tokens, metrics) = Gradients(step, cancellation);
        var rate = _state.Plateau?.Rate ?? _schedule.At(step);
        double norm;
        using (var gradient = _policy.Trained.Gradient ?? throw new InvalidInputException($"no trainable tokens in step {step + 1}"))
        {
            norm = GradientClipping.Norm(gradient);
        }

        _guard.Check(step + 1, loss, norm);
        _optimizer.Step(rate, GradientClipping.Factor(norm, _recipe.Optimization.MaxGradNorm));
        _state = _state with
        {
            Step = step + 1,

            // Answers that several steps train on count once, as in TRL.
            Tokens = _state.Tokens + (step % _objective.StepsPerGeneration == 0 ? tokens : 0),
            LastLoss = loss,
            BaselineSum = _guard.BaselineSum,
            BaselineCount = _guard.BaselineCount,
            Above = _guard.Above,
        };
        metrics.Add("loss", loss, 1);
        metrics.Add("grad_norm", norm, 1);
        metrics.Add("learning_rate", rate, 1);
        metrics.Add("num_tokens", _state.Tokens, 1);
        metrics.Add("tokens_per_second", tokens / Math.Max(1e-9, _job.Time.GetElapsedTime(started).TotalSeconds), 1);
        if (_unloggedCheckpointSeconds is { } seconds)
        {
            // A checkpoint is written after the line of its step; what it cost stands in the next.
            metrics.Add("checkpoint_seconds", seconds, 1);
            metrics.Add("checkpoint_bytes", _checkpoints.LastBytes, 1);
            _unloggedCheckpointSeconds = null;
        }

        Evaluate(metrics, cancellation);
        metrics.Add("peak_memory_bytes", Process.GetCurrentProcess().PeakWorkingSet64, 1);
        log.Write(_state.Step, _plan.Epoch(_state.Step), metrics.Means());
        _clock.StepDone(tokens);
        _progress?.Report(new TrainingProgress(_state.Step, _plan.TotalSteps, loss, _clock.TokensPerSecond, _clock.Remaining(_plan.TotalSteps - _state.Step)));
    }

    // Forward and backward over all micro-batches. When memory runs out the step starts over with smaller ones; the effective batch stays the same.
    private (double Loss, long Tokens, MetricSums Metrics) Gradients(int step, CancellationToken cancellation)
    {
        var planned = _plan.MicroBatches(step);
        while (true)
        {
            try
            {
                _policy.BeginStep(step);
                return Gradients(step, planned, cancellation);
            }
            catch (Exception e) when (OutOfMemory.Is(e) && planned.Max(m => m.Length) > _state.Split)
            {
                _policy.Trained.ClearGradient();
                _state = _state with { Split = _state.Split * 2 };
                Say($"memory ran out in step {step + 1}: micro-batches are cut into {_state.Split} parts from here on; the effective batch stays the same{_objective.CutWarning}");
            }
            catch (Exception e) when (OutOfMemory.Is(e))
            {
                throw new InvalidInputException($"memory ran out in step {step + 1} with a single row: {Remedies}", e);
            }
        }
    }

    private (double Loss, long Tokens, MetricSums Metrics) Gradients(int step, IReadOnlyList<int[]> planned, CancellationToken cancellation)
    {
        _objective.BeginStep(step, planned, cancellation);
        double items = planned.Sum(m => m.Sum(_objective.ItemsOf));
        var metrics = new MetricSums();
        double loss = 0;
        long tokens = 0;
        foreach (var micro in planned)
        {
            var ofMicro = new MetricSums();
            foreach (var part in micro.Chunk((micro.Length + _state.Split - 1) / _state.Split))
            {
                var share = new MicroBatchShare(Math.Max(1, items), (double)part.Length / micro.Length / planned.Count, micro);
                var outcome = _objective.Backward(part, share);
                loss += outcome.Loss;
                tokens += outcome.Tokens;
                ofMicro.Add(outcome.Metrics, outcome.Weight);
            }

            // As TRL: what is logged is the mean over micro-batches, a short one counting as much as a full one.
            metrics.Add(ofMicro.Means(), 1);
        }

        return (loss, tokens, metrics);
    }

    private void Evaluate(MetricSums metrics, CancellationToken cancellation)
    {
        if (_evalEvery == 0 || (_state.Step % _evalEvery != 0 && _state.Step != _plan.TotalSteps))
        {
            return;
        }

        if (_objective.Evaluate(_recipe.Run.PerDeviceEvalBatchSize, cancellation) is not { } evaluated)
        {
            return;
        }

        metrics.Add(evaluated.Metrics, 1);
        _state = _state with { EvalLoss = evaluated.Metrics["eval_loss"] };
        var better = _state.BestEvalCost is not { } best || evaluated.Cost < best - _recipe.Run.EarlyStoppingThreshold;
        _state = better
            ? _state with { BestEvalCost = evaluated.Cost, BestStep = _state.Step, WithoutImprovement = 0 }
            : _state with { WithoutImprovement = _state.WithoutImprovement + 1 };
        if (_recipe.Optimization.LrSchedulerType == OptimizationSettings.ReduceOnPlateau)
        {
            _state = _state with { Plateau = (_state.Plateau ?? new PlateauReduction(_recipe.Optimization.LearningRate)).After(evaluated.Cost, _recipe.Optimization) };
        }

        if (better && _recipe.Run.LoadBestModelAtEnd)
        {
            _checkpoints.SaveBest(_state.Step, _policy.Trained.Master);
        }

        if (_recipe.Run.EarlyStoppingPatience is { } patience && _state.WithoutImprovement >= patience)
        {
            _state = _state with { StoppedEarly = true };
            Say($"stopped early: no better evaluation than that of step {_state.BestStep} in {patience} evaluations");
        }
    }

    // Answers that several steps share are not saved: a run is taken up where new ones are generated.
    private bool CanResumeHere => _state.Step % _objective.StepsPerGeneration == 0;

    private bool CheckpointIsDue() =>
        _state.Step < _plan.TotalSteps
        && CanResumeHere
        && ((_recipe.Run.SaveSeconds > 0 && _clock.SinceCheckpoint.TotalSeconds >= _recipe.Run.SaveSeconds)
            || (_recipe.Run.SaveSteps > 0 && _state.Step % _recipe.Run.SaveSteps == 0));

    private void SaveCheckpoint()
    {
        if (!Directory.Exists(_workFolder))
        {
            // A folder made anew would be an orphan: who took the old one goes on from there.
            throw new DirectoryNotFoundException($"{_workFolder} was taken away while the training was under way");
        }

        var started = _job.Time.GetTimestamp();
        _checkpoints.Save(_state, _policy.Trained.Master, _optimizer);
        _checkpointsWritten++;
        _unloggedCheckpointSeconds = _job.Time.GetElapsedTime(started).TotalSeconds;
        _checkpointSeconds += _unloggedCheckpointSeconds.Value;
        _clock.CheckpointDone();
    }

    private void Publish()
    {
        using var staged = StagedFolder.Create(_job.OutputFolder);
        DType? dtype = _recipe.Run.SaveDtype switch { "float32" => DType.F32, "bfloat16" => DType.BF16, "float16" => DType.F16, _ => null };
        _policy.Save(staged.Path, dtype);
        var files = ContentDigest.OfFolder(staged.Path);
        File.Copy(Path.Combine(_workFolder, MetricsLog.FileName), staged[MetricsLog.FileName]);
        var source = ModelManifest.Exists(_job.ModelFolder!) ? ModelManifest.Read(_job.ModelFolder!) : null;
        var sourceId = source?.Id ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_job.ModelFolder!)));
        new ModelManifest
        {
            Id = _job.ModelId ?? Path.GetFileName(_job.OutputFolder),
            Parents = _job.Parents ?? (_recipe.Init == "random" ? [] : [new ModelParent(sourceId, _identity.Model)]),
            Action = TrainingRecipe.NameOf(_recipe.Method),
            Parameters = _identity.Parameters(_state.Threads, _policy.Model.Dtype.ToString().ToLowerInvariant()),
            Seed = _recipe.Run.Seed,
            Base = _recipe.Init == "random" ? null : source?.Base ?? sourceId,
            Data = _identity.Data,
            Files = files,
        }.Write(staged.Path);
        staged.Publish();
        if (_job.WorkFolder is null)
        {
            Directory.Delete(_workFolder, recursive: true);
        }
    }

    // Micro-batches are cut before the start when they would not fit; a model that does not fit at all is refused.
    private int SplitThatFits()
    {
        if (_policy.Device.type != TorchSharp.DeviceType.CPU)
        {
            return 1;
        }

        var available = _recipe.Run.MaxMemoryGb is { } gb ? (long)(gb * 1e9) : MemoryEstimate.AvailableBytes();
        var estimate = MemoryEstimate.Of(_policy.Model.Spec, _policy.Model.Dtype == TorchSharp.torch.ScalarType.BFloat16 ? 2 : 4, _policy.Model.Parameters.Layout.Length, _policy.Trained.Layout.Length, _recipe);
        var longest = Enumerable.Range(0, _objective.RowCount).Max(_objective.TokensOf);
        var rows = BatchesOf(_recipe).PerDeviceTrainBatchSize;
        if (estimate.Total(longest) > available)
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"the training needs about {estimate.Total(longest) / 1e9:F1} GB for a single row of {longest} tokens and {available / 1e9:F1} GB are free; {Remedies}"));
        }

        var split = 1;
        while (split < rows && estimate.Total((long)longest * ((rows + split - 1) / split)) > available)
        {
            split *= 2;
        }

        if (split > 1)
        {
            Say(FormattableString.Invariant(
                $"micro-batches of {rows} rows need about {estimate.Total((long)longest * rows) / 1e9:F1} GB and {available / 1e9:F1} GB are free: they are cut into {split} parts; the effective batch stays the same{_objective.CutWarning}"));
        }

        return split;
    }

    // For methods that generate, TRL's batch size counts answers; the plan counts prompts.
    private static OptimizationSettings BatchesOf(TrainingRecipe recipe)
    {
        var settings = recipe.Optimization;
        if (recipe.Method is not (TrainingMethod.Grpo or TrainingMethod.Rloo))
        {
            return settings;
        }

        var generations = recipe.Reinforcement.NumGenerations;
        return settings with { PerDeviceTrainBatchSize = settings.PerDeviceTrainBatchSize / generations };
    }

    private static int EvaluationInterval(TrainingRecipe recipe, BatchPlan plan)
    {
        if (recipe.Data.Eval.Count == 0)
        {
            return 0;
        }

        return recipe.Run.EvalSteps switch
        {
            null => plan.StepsPerPass,
            0 => 0,
            < 1 and var share => Math.Max(1, (int)Math.Ceiling(plan.TotalSteps * share)),
            var steps => (int)steps,
        };
    }

    private void Say(string message) =>
        _progress?.Report(new TrainingProgress(_state?.Step ?? 0, _plan.TotalSteps, _state?.LastLoss ?? double.NaN, 0, TimeSpan.Zero, message));
}
