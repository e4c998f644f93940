using System.Diagnostics;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Planning;
using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging;

/// <summary>
/// Runs merges: opens the models (memory-mapped), plans every tensor, computes them one after the other with all cores while the one before is being
/// written, and publishes the folder when all is there. Memory stays the same whatever the models' size.
/// </summary>
public static class MergeEngine
{
    // Room for config, tokenizer and the like beside the weights.
    private const long CompanionBytes = 50_000_000;

    /// <summary>Merges.</summary>
    /// <param name="config">What to merge.</param>
    /// <param name="options">Where to, and with what means.</param>
    /// <param name="progress">Told after every tensor; may be null.</param>
    /// <param name="cancellation">Stops the merge; nothing is left behind.</param>
    /// <exception cref="InvalidInputException">The models cannot be merged like this, or the disk is full.</exception>
    public static MergeResult Run(MergeConfig config, MergeOptions options, IProgress<MergeProgress>? progress = null, CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        using var staged = StagedFolder.Create(options.Output);
        var resolve = options.Resolve;
        if (config.Stages.Count > 0)
        {
            resolve = RunStages(config, options, staged, cancellation);
        }

        var result = RunOne(config, options with { Resolve = resolve }, staged.Path, progress, cancellation);
        foreach (var stage in config.Stages)
        {
            Directory.Delete(StageFolder(staged, stage), recursive: true);
        }

        staged.Publish(options.FlushToDisk);
        return result with { Folder = staged.Destination, Elapsed = watch.Elapsed };
    }

    /// <summary>Plans a merge without running it: everything is checked, nothing is written.</summary>
    /// <returns>Names, types and shapes of the output's tensors.</returns>
    /// <exception cref="InvalidInputException">The models cannot be merged like this.</exception>
    public static IReadOnlyList<TensorDeclaration> Check(MergeConfig config, Func<string, string> resolve)
    {
        using var inputs = MergeInputs.Open(config, resolve);
        return [.. inputs.Plan(config).Tensors.Select(t => t.Declare())];
    }

    private static Func<string, string> RunStages(MergeConfig config, MergeOptions options, StagedFolder staged, CancellationToken cancellation)
    {
        var made = new Dictionary<string, string>(StringComparer.Ordinal);
        string Resolve(string name) => made.TryGetValue(name, out var folder) ? folder : options.Resolve(name);
        foreach (var stage in config.Stages)
        {
            var folder = StageFolder(staged, stage);
            Directory.CreateDirectory(folder);
            RunOne(stage with { Seed = stage.Seed != 0 ? stage.Seed : config.Seed }, options with { Resolve = Resolve, FlushToDisk = false, Id = stage.Name }, folder, null, cancellation);
            made.Add(stage.Name!, folder);
        }

        return Resolve;
    }

    // By digest: a stage's name comes from a file and never becomes a path.
    private static string StageFolder(StagedFolder staged, MergeConfig stage) => staged[$"stage-{ContentDigest.OfText(stage.Name!)[..16]}"];

    private static MergeResult RunOne(MergeConfig config, MergeOptions options, string folder, IProgress<MergeProgress>? progress, CancellationToken cancellation)
    {
        using var inputs = MergeInputs.Open(config, options.Resolve, options.KnownDigest, options.IgnoreLineage);
        var plan = inputs.Plan(config);
        var declarations = plan.Tensors.Select(t => t.Declare()).ToList();
        var outputBytes = declarations.Sum(d => d.ByteLength);
        DiskFull.RequireSpace(folder, outputBytes + CompanionBytes);

        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using (var writer = CheckpointWriter.Create(folder, declarations, options.MaxShardBytes, options.Digests, options.FlushToDisk, options.CreateFile))
        {
            MergeTensors(plan, options, writer, progress, cancellation);
            foreach (var (file, digest) in writer.Finish())
            {
                digests[file] = digest;
            }
        }

        inputs.WriteCompanions(plan, folder);
        if (options.Digests)
        {
            foreach (var file in Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Where(f => !digests.ContainsKey(f)))
            {
                digests[file] = ContentDigest.OfFile(Path.Combine(folder, file));
            }
        }
        else
        {
            digests.Clear();
        }

        var manifest = inputs.Describe(config, options, plan, digests);
        var card = ModelCard.Write(config, manifest, plan);
        AtomicFile.WriteAllText(Path.Combine(folder, ModelCard.FileName), card);
        manifest.Write(folder);
        return new MergeResult(folder, manifest, plan.Tensors.Count, plan.Tensors.Sum(InputBytes), outputBytes, TimeSpan.Zero, plan.Warnings);
    }

    private static void MergeTensors(MergePlan plan, MergeOptions options, CheckpointWriter writer, IProgress<MergeProgress>? progress, CancellationToken cancellation)
    {
        using var session = new MergeSession(plan.Tensors, new MergeThreads(Math.Max(1, options.Threads)), cancellation);
        using var output = new OutputPipeline(writer);
        foreach (var method in plan.Tensors.Select(t => t.Method).Distinct())
        {
            method.Prepare(session);
        }

        var watch = Stopwatch.StartNew();
        var total = plan.Tensors.Sum(t => InputBytes(t) + t.Declare().ByteLength);
        var (done, bytes) = (0, 0L);
        foreach (var tensor in plan.Tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (FindByteCopy(tensor) is { } stored)
            {
                Copy(tensor, stored, output);
            }
            else if (tensor.Arithmetic == DType.F64)
            {
                tensor.Method.Merge(session.InDouble(tensor, output));
            }
            else
            {
                tensor.Method.Merge(session.InSingle(tensor, output));
            }

            done++;
            bytes += InputBytes(tensor) + tensor.Declare().ByteLength;
            progress?.Report(new MergeProgress(tensor.Name, done, plan.Tensors.Count, bytes, total, watch.Elapsed));
        }

        output.Complete();
    }

    // Bytes can be copied where the method changes nothing and no conversion of types is asked for.
    private static SafetensorsTensor? FindByteCopy(TensorPlan tensor)
    {
        var operand = tensor.Arithmetic.IsFloat() ? tensor.Method.CopiedOperand(tensor) : 0;
        return operand >= 0
            && tensor.Operands[operand].Source.Stored is { } stored
            && stored.DType == tensor.Output
            && (tensor.Load is null || tensor.Load == stored.DType || !stored.DType.IsFloat())
            ? stored
            : null;
    }

    private static void Copy(TensorPlan tensor, SafetensorsTensor stored, OutputPipeline output)
    {
        for (var at = 0L; at < stored.ByteLength; at += OutputPipeline.WindowBytes)
        {
            var window = output.Rent((int)Math.Min(OutputPipeline.WindowBytes, stored.ByteLength - at));
            stored.Slice(at, window.Length).CopyTo(window.Bytes);
            output.Write(tensor.Name, window);
        }
    }

    private static long InputBytes(TensorPlan tensor) => tensor.Operands.Sum(o => o.Source.Length * o.Source.DType.ByteSize());
}
