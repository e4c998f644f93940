using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Trains one model as a recipe says. A run that was killed or cancelled goes on from its last checkpoint when it is started again with the same recipe and folders; on the
/// CPU, with the same number of threads, it ends in the same bytes as an undisturbed run.
/// </summary>
public static class Trainer
{
    /// <summary>Runs a training to its end and publishes the model.</summary>
    /// <param name="recipe">What to do, with absolute paths (<see cref="TrainingRecipe.Load"/>).</param>
    /// <param name="job">Where, and under which name.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Ends the run after the current step: a checkpoint is written first.</param>
    /// <exception cref="InvalidInputException">Recipe, data or model cannot be used.</exception>
    /// <exception cref="TrainingDivergedException">The loss became meaningless.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint is in the work folder.</exception>
    public static TrainingResult Run(TrainingRecipe recipe, TrainingJob job, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var modelFolder = job.ModelFolder ?? recipe.Model ?? throw new InvalidInputException("the recipe names no model (key 'model')");
        if (recipe.Data.Train.Count == 0)
        {
            throw new InvalidInputException("the recipe names no data (key 'dataset')");
        }

        var output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(job.OutputFolder));
        if (File.Exists(output) || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
        {
            throw new InvalidInputException(job.OutputFolder, null, "already exists and is not empty; choose another folder or remove it first");
        }

        TorchRuntime.Initialize();
        set_num_threads(recipe.Run.NumThreads ?? Environment.ProcessorCount);
        var device = DeviceOf(recipe.Run.Device);
        var loading = new ModelLoading
        {
            Device = device,
            Dtype = DtypeOf(recipe, job, device),
            EvenWhereSlow = job.PrecisionEvenWhereSlow,
            Trainable = true,
        };
        using var policy = new Policy(recipe, modelFolder, loading);
        using var objective = ObjectiveFactory.Create(recipe, job, policy, modelFolder, loading with { Trainable = false });
        var identity = RunIdentity.Of(recipe, modelFolder);
        using var run = new TrainingRun(recipe, job with { OutputFolder = output, ModelFolder = modelFolder }, policy, objective, identity, progress);
        if (recipe.Run.Precision == "bfloat16" && loading.Dtype == ScalarType.Float32)
        {
            progress?.Report(new TrainingProgress(
                0, 0, double.NaN, 0, TimeSpan.Zero, "computing in float32: this processor has no fast bfloat16 (AVX-512), it would be a hundred times slower"));
        }

        return run.ToEnd(cancellation);
    }

    // lamd.json records what was computed in, as "compute".
    private static ScalarType DtypeOf(TrainingRecipe recipe, TrainingJob job, Device device) =>
        recipe.Run.Precision == "float32" || (device.type == DeviceType.CPU && !ProcessorFeatures.HasFastBFloat16 && !job.PrecisionEvenWhereSlow)
            ? ScalarType.Float32
            : ScalarType.BFloat16;

    private static Device DeviceOf(string name)
    {
        if (name == "auto")
        {
            return cuda.is_available() ? CUDA : CPU;
        }

        return name == "cpu" || cuda.is_available()
            ? device(name)
            : throw new InvalidInputException($"device: '{name}' was asked for, but there is no GPU that this build can use");
    }
}
