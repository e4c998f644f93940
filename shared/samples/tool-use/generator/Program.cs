using LamdAgent.Samples.ToolUse;

// dotnet run --project shared/samples/tool-use/generator -- OUTPUT [--seed N] [--pretraining]
var usage = "usage: generator OUTPUT [--seed N] [--pretraining]";
string? output = null;
var seed = SampleData.DefaultSeed;
var pretraining = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seed" when i + 1 < args.Length && long.TryParse(args[i + 1], out seed):
            i++;
            break;
        case "--pretraining":
            pretraining = true;
            break;
        case var folder when output is null && !folder.StartsWith('-'):
            output = folder;
            break;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}

if (output is null)
{
    Console.Error.WriteLine(usage);
    return 2;
}

var data = new SampleData(seed);
var files = data.Committed().ToDictionary(f => f.Key, f => f.Value);
if (pretraining)
{
    files["pretraining/text.jsonl"] = data.Pretraining();
}

Disjointness.Verify(files);
foreach (var (path, bytes) in files)
{
    var target = Path.Combine(output, path);
    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    File.WriteAllBytes(target, bytes);
    Console.WriteLine($"{bytes.Length,10:N0}  {path}");
}

return 0;
