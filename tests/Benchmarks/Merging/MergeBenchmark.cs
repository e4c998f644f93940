using System.Diagnostics;
using System.Globalization;
using LamdAgent.Merging;

namespace LamdAgent.Benchmarks.Merging;

/// <summary>
/// Merges against <c>cp</c> of the same input files, in turns within one run, page cache warm, nothing waiting for the disk. Speeds are bytes read and written over time,
/// for both alike; ratios of the medians are what to read on a machine that does other things too.
/// </summary>
internal static class MergeBenchmark
{
    private static readonly (string Name, string Yaml, bool Digests)[] Cases =
    [
        ("linear", Models("linear", baseIsModel: true, ""), false),
        ("linear, float32 arithmetic", Models("linear", baseIsModel: true, "dtype: float32\nout_dtype: bfloat16\n"), false),
        ("linear, with SHA-256", Models("linear", baseIsModel: true, ""), true),
        ("ties, density 0.5", Models("ties", baseIsModel: false, ""), false),
        ("ties, density 0.5, float32 arithmetic", Models("ties", baseIsModel: false, "dtype: float32\nout_dtype: bfloat16\n"), false),
        ("ties, density 0.5, with SHA-256", Models("ties", baseIsModel: false, ""), true),
        ("slerp", "merge_method: slerp\nbase_model: base\nmodels:\n- {model: base}\n- {model: tuned-a}\nparameters: {t: 0.4}\n", false),
        ("dare_ties, density 0.5", Models("dare_ties", baseIsModel: false, ""), false),
    ];

    public static void Run(string[] args)
    {
        var folder = args.Length > 0 ? args[0] : Path.Combine(Path.GetTempPath(), "lamd-benchmark-merge");
        var repeats = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var only = args.Length > 2 ? args[2].Split(';') : [];
        Directory.CreateDirectory(folder);
        BenchmarkModels.Create(folder);
        var copies = new List<double>();
        var copyProcessor = new List<double>();
        var results = Cases.Where(c => only.Length == 0 || only.Contains(c.Name, StringComparer.Ordinal)).ToDictionary(c => c.Name, _ => new List<(double Seconds, double Processor, long Bytes)>(), StringComparer.Ordinal);
        var memory = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long copied = 0;
        for (var i = 0; i <= repeats; i++)
        {
            // The first round warms the cache and the JIT and is not counted.
            copied = Copy(folder, i == 0 ? null : copies, copyProcessor);
            foreach (var (name, yaml, digests) in Cases.Where(c => results.ContainsKey(c.Name)))
            {
                var output = Path.Combine(folder, "merged");
                Delete(output);
                using var anonymous = new AnonymousMemory();
                var before = ProcessorTime();
                var watch = Stopwatch.StartNew();
                var result = MergeEngine.Run(
                    MergeConfig.Parse(yaml, name),
                    new MergeOptions { Output = output, Resolve = MergeOptions.BelowFolder(folder), FlushToDisk = false, Digests = digests });
                if (i > 0)
                {
                    results[name].Add((watch.Elapsed.TotalSeconds, ProcessorTime() - before, result.InputBytes + result.OutputBytes));
                }

                memory[name] = Math.Max(memory.GetValueOrDefault(name), anonymous.Peak);
                Delete(output);
            }
        }

        var copy = Median(copies);
        Console.WriteLine($"cp of the three inputs: {copy:0.000} s, {2 * copied / 1e9 / copy:0.00} GB/s read and written ({copied / 1e9:0.00} GB of files), {Median(copyProcessor):0.00} s of processors");
        foreach (var (name, times) in results)
        {
            var seconds = Median(times.ConvertAll(t => t.Seconds));
            var speed = times[0].Bytes / 1e9 / seconds;
            Console.WriteLine(
                $"{name}: {seconds:0.000} s, {speed:0.00} GB/s, {seconds / copy:0.00} x the time of cp, {Median(times.ConvertAll(t => t.Processor)):0.00} s of processors, {2 * copied / 1e9 / copy / speed:0.00} x slower per byte, peak anonymous memory {memory[name] / 1e6:0} MB");
        }
    }

    private static long Copy(string folder, List<double>? times, List<double> processor)
    {
        var target = Path.Combine(folder, "copied");
        Delete(target);
        Directory.CreateDirectory(target);
        var files = BenchmarkModels.Names.Select(n => Path.Combine(folder, n, "model.safetensors")).ToList();
        var before = ChildrenProcessorTime();
        var watch = Stopwatch.StartNew();
        foreach (var file in files)
        {
            using var cp = Process.Start(new ProcessStartInfo("cp", ["--reflink=never", file, Path.Combine(target, Path.GetFileName(Path.GetDirectoryName(file)!))]))!;
            cp.WaitForExit();
        }

        processor.Add(ChildrenProcessorTime() - before);

        times?.Add(watch.Elapsed.TotalSeconds);
        Delete(target);
        return files.Sum(f => new FileInfo(f).Length);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double ProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    // Fields 16 and 17 of /proc/self/stat: time of finished children in hundredths of a second.
    private static double ChildrenProcessorTime()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Models(string method, bool baseIsModel, string extra) =>
        $"merge_method: {method}\n"
        + (baseIsModel ? "models:\n- {model: base, parameters: {weight: 0.4}}\n" : "base_model: base\nmodels:\n")
        + "- {model: tuned-a, parameters: {weight: 0.3, density: 0.5}}\n- {model: tuned-b, parameters: {weight: 0.3, density: 0.5}}\n" + extra;
}
