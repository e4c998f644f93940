using System.CommandLine;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Merging;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd merge</c>: one merge, from mergekit's YAML.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var config = new Argument<string?>("config") { Description = "The merge configuration, mergekit's YAML", Arity = ArgumentArity.ZeroOrOne };
        var output = new Argument<string?>("dir") { Description = "Folder of the merged model; must not exist", Arity = ArgumentArity.ZeroOrOne };
        var models = new Option<string?>("--models") { Description = "Folder below which model names are looked up (default: the configuration's folder)" };
        var seed = new Option<long?>("--seed") { Description = "Seed of random methods (default: the configuration's, or 0)" };
        var threads = new Option<int?>("--threads") { Description = "Threads (default: all cores); the result does not depend on it" };
        var shard = new Option<long?>("--max-shard-bytes") { Description = "Size limit of a weight file (default: 5000000000)" };
        var noFlush = new Option<bool>("--no-flush") { Description = "Does not wait until the disk has everything" };
        var digests = new Option<bool>("--digest-inputs") { Description = "Records the digests of inputs that have no lamd.json" };
        var ignoreLineage = new Option<bool>("--ignore-lineage") { Description = "Takes task vectors to base_model although a lamd.json says that a model does not descend from it" };
        var list = new Option<bool>("--list") { Description = "Lists the merge methods and their parameters" };
        var json = new Option<bool>("--json") { Description = "Prints the result as JSON" };
        var command = new Command("merge", "Merges models as a mergekit configuration says. Example: lamd merge ties.yaml merged --models ~/models")
        {
            config, output, models, seed, threads, shard, noFlush, digests, ignoreLineage, list, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            if (arguments.GetValue(list))
            {
                List(arguments.GetValue(json));
                return Task.FromResult(ExitCodes.Done);
            }

            var file = arguments.GetValue(config) ?? throw new InvalidInputException("give a configuration and an output folder, or --list");
            var folder = arguments.GetValue(output) ?? throw new InvalidInputException("give an output folder after the configuration");
            if (!File.Exists(file))
            {
                throw new InvalidInputException(file, null, "no such file");
            }

            var merge = MergeConfig.Parse(File.ReadAllText(file), file);
            var options = new MergeOptions
            {
                Output = folder,
                Resolve = arguments.GetValue(models) is { } root
                    ? MergeOptions.BelowFolder(root)
                    : MergeOptions.FromFolder(Path.GetDirectoryName(Path.GetFullPath(file))!),
                FlushToDisk = !arguments.GetValue(noFlush),
                DigestInputs = arguments.GetValue(digests),
                IgnoreLineage = arguments.GetValue(ignoreLineage),
            };
            options = options with
            {
                Threads = arguments.GetValue(threads) ?? options.Threads,
                MaxShardBytes = arguments.GetValue(shard) ?? options.MaxShardBytes,
            };
            var result = MergeEngine.Run(merge with { Seed = arguments.GetValue(seed) ?? merge.Seed }, options, new ConsoleMergeProgress(Console.Error, TimeProvider.System), cancellation);
            Print(arguments.GetValue(json), result);
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static void Print(bool json, MergeResult result)
    {
        foreach (var warning in result.Warnings)
        {
            Console.Error.WriteLine($"lamd: note: {warning}");
        }

        var speed = (result.InputBytes + result.OutputBytes) / 1e9 / result.Elapsed.TotalSeconds;
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["model"] = result.Manifest.Id,
                ["path"] = result.Folder,
                ["method"] = result.Manifest.Action,
                ["tensors"] = result.Tensors,
                ["input_bytes"] = result.InputBytes,
                ["output_bytes"] = result.OutputBytes,
                ["seconds"] = Math.Round(result.Elapsed.TotalSeconds, 3),
                ["warnings"] = new JsonArray([.. result.Warnings.Select(w => (JsonNode)w)]),
            }.ToJsonString());
            return;
        }

        Console.WriteLine($"{result.Folder}: {result.Tensors} tensors, {result.OutputBytes / 1e6:0.0} MB, {result.Elapsed.TotalSeconds:0.00} s ({speed:0.00} GB/s read and written)");
    }

    private static void List(bool json)
    {
        if (json)
        {
            Console.WriteLine(new JsonArray([.. MergeMethodCatalogue.All.Select(method => (JsonNode)new JsonObject
            {
                ["name"] = method.Name,
                ["summary"] = method.Summary,
                ["reference"] = method.Reference,
                ["base_model"] = method.Base.ToString(),
                ["random"] = method.IsRandom,
                ["parameters"] = new JsonArray([.. method.Parameters.Select(p => (JsonNode)new JsonObject
                {
                    ["name"] = p.Name,
                    ["kind"] = p.Kind.ToString(),
                    ["per_model"] = p.PerModel,
                    ["default"] = p.Default is { } value && double.IsFinite(value) ? value : null,
                    ["summary"] = p.Summary,
                })]),
            })]).ToJsonString());
            return;
        }

        foreach (var method in MergeMethodCatalogue.All)
        {
            Console.WriteLine($"{method.Name,-18} {method.Summary}");
            Console.WriteLine($"{"",-18} {method.Reference}");
            foreach (var p in method.Parameters)
            {
                var value = p.Default switch
                {
                    null => "required",
                    { } number when !double.IsFinite(number) => "none",
                    { } number when p.Kind == MergeParameterKind.Flag => number != 0 ? "true" : "false",
                    { } number => $"{number}",
                };
                Console.WriteLine($"{"",-20} {p.Name}{(p.PerModel ? " (per model)" : "")}: {p.Summary} [{value}]");
            }
        }
    }
}
