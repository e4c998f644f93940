using System.Globalization;
using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Checkpoints of a run in its work folder: <c>checkpoint-00000120/</c> with weights and both moments as flat float32 tensors and state.json. Each appears whole or not at
/// all; the newest sound one counts, older ones are deleted.
/// </summary>
internal sealed class CheckpointStore(string workFolder, string identity, int keep)
{
    private const string CheckpointPrefix = "checkpoint-";
    private const string BestPrefix = "best-";
    private const string WeightsFile = "state.safetensors";
    private const string StateFile = "state.json";
    private const int SliceElements = 1 << 24;

    /// <summary>Bytes of the last checkpoint written.</summary>
    public long LastBytes { get; private set; }

    /// <summary>Writes a checkpoint, then deletes those that are too old.</summary>
    public void Save(TrainingState state, Tensor weights, AdamW optimizer)
    {
        var destination = Path.Combine(workFolder, Name(CheckpointPrefix, state.Step));
        if (!Directory.Exists(destination))
        {
            using var staged = StagedFolder.Create(destination);
            var digest = WriteTensors(staged[WeightsFile], ("weights", weights), ("first_moment", optimizer.FirstMoment), ("second_moment", optimizer.SecondMoment));
            File.WriteAllBytes(staged[StateFile], JsonSerializer.SerializeToUtf8Bytes(state with { WeightsDigest = digest }, JsonSerializerOptions.Default));
            LastBytes = new FileInfo(staged[WeightsFile]).Length;
            staged.Publish();
        }

        var all = Steps(CheckpointPrefix);
        foreach (var step in all.SkipLast(keep))
        {
            Directory.Delete(Path.Combine(workFolder, Name(CheckpointPrefix, step)), recursive: true);
        }

        // A best model is kept as long as a checkpoint refers to it.
        var referred = all.TakeLast(keep).Select(s => ReadState(s)?.BestStep ?? -1).Append(state.BestStep).ToHashSet();
        foreach (var step in Steps(BestPrefix).Where(s => !referred.Contains(s)))
        {
            Directory.Delete(Path.Combine(workFolder, Name(BestPrefix, step)), recursive: true);
        }
    }

    /// <summary>Loads the newest sound checkpoint into weights and optimizer.</summary>
    /// <returns>Its state, or null when there is none.</returns>
    /// <exception cref="InvalidInputException">The folder holds another run.</exception>
    public TrainingState? Load(Tensor weights, AdamW optimizer)
    {
        if (!Directory.Exists(workFolder))
        {
            return null;
        }

        StagedFolder.DeleteLeftovers(workFolder);
        foreach (var step in Enumerable.Reverse(Steps(CheckpointPrefix)))
        {
            if (ReadState(step) is not { } state)
            {
                continue;
            }

            if (state.Identity != identity)
            {
                throw new InvalidInputException(workFolder, null, "holds checkpoints of another training (other recipe, data or model); remove it or choose another output folder");
            }

            var path = Path.Combine(workFolder, Name(CheckpointPrefix, step), WeightsFile);
            if (File.Exists(path) && ContentDigest.OfFile(path) == state.WeightsDigest)
            {
                ReadTensors(path, ("weights", weights), ("first_moment", optimizer.FirstMoment), ("second_moment", optimizer.SecondMoment));
                optimizer.StepsTaken = state.Step;
                return state;
            }
        }

        return null;
    }

    /// <summary>Keeps the weights of the best evaluation.</summary>
    public void SaveBest(int step, Tensor weights)
    {
        var destination = Path.Combine(workFolder, Name(BestPrefix, step));
        if (!Directory.Exists(destination))
        {
            using var staged = StagedFolder.Create(destination);
            WriteTensors(staged[WeightsFile], ("weights", weights));
            staged.Publish();
        }
    }

    /// <summary>Brings the weights of the best evaluation back.</summary>
    public void LoadBest(int step, Tensor weights) => ReadTensors(Path.Combine(workFolder, Name(BestPrefix, step), WeightsFile), ("weights", weights));

    private static string Name(string prefix, int step) => prefix + step.ToString("D8", CultureInfo.InvariantCulture);

    private List<int> Steps(string prefix) =>
        [.. Directory.EnumerateDirectories(workFolder, prefix + "*")
            .Select(d => int.TryParse(Path.GetFileName(d).AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1)
            .Where(s => s >= 0)
            .Order()];

    private TrainingState? ReadState(int step)
    {
        var path = Path.Combine(workFolder, Name(CheckpointPrefix, step), StateFile);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<TrainingState>(File.ReadAllBytes(path)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string WriteTensors(string path, params (string Name, Tensor Values)[] tensors)
    {
        using var none = no_grad();
        using var writer = SafetensorsWriter.Create(path, [.. tensors.Select(t => new TensorDeclaration(t.Name, DType.F32, [t.Values.numel()]))]);
        foreach (var (name, values) in tensors)
        {
            for (long done = 0; done < values.numel(); done += SliceElements)
            {
                using var scope = NewDisposeScope();
                writer.Write(name, values.narrow(0, done, Math.Min(SliceElements, values.numel() - done)).cpu().bytes);
            }
        }

        return writer.Finish();
    }

    private static void ReadTensors(string path, params (string Name, Tensor Values)[] tensors)
    {
        using var none = no_grad();
        using var file = SafetensorsFile.Open(path);
        foreach (var (name, values) in tensors)
        {
            for (long done = 0; done < values.numel(); done += SliceElements)
            {
                using var scope = NewDisposeScope();
                var count = (int)Math.Min(SliceElements, values.numel() - done);
                var slice = empty(count, ScalarType.Float32);
                file.Tensors[name].Slice(done * sizeof(float), count * sizeof(float)).CopyTo(slice.bytes);
                values.narrow(0, done, count).copy_(slice);
            }
        }
    }
}
