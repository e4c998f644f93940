using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Training;

/// <summary>metrics.jsonl: one line per optimizer step under TRL's names. A resumed run cuts off the lines that its checkpoint does not know, so no step is there twice.</summary>
internal sealed class MetricsLog : IDisposable
{
    public const string FileName = "metrics.jsonl";
    private readonly StreamWriter _writer;

    private MetricsLog(StreamWriter writer) => _writer = writer;

    /// <summary>Opens the file of a work folder, keeping the lines of the first <paramref name="steps"/> steps.</summary>
    public static MetricsLog Open(string path, int steps)
    {
        var kept = File.Exists(path) ? File.ReadLines(path).TakeWhile(line => StepOf(line) is { } s && s <= steps).ToList() : [];
        // A new file in the place of the old one: a process that was given up on and still has the old one open does not write into this one.
        AtomicFile.WriteAllText(path, string.Concat(kept.Select(line => line + "\n")));
        return new MetricsLog(new StreamWriter(path, append: true) { AutoFlush = true });
    }

    public void Write(int step, double epoch, IEnumerable<KeyValuePair<string, double>> metrics)
    {
        var line = new JsonObject { ["step"] = step, ["epoch"] = Math.Round(epoch, 6) };
        foreach (var (name, value) in metrics)
        {
            // JSON has no word for infinity; a metric that is none is left out rather than made up.
            if (double.IsFinite(value))
            {
                line[name] = Math.Abs(value) < 1e15 && value == Math.Truncate(value) && name is "num_tokens" or "peak_memory_bytes" or "checkpoint_bytes" ? JsonValue.Create((long)value) : JsonValue.Create(value);
            }
        }

        _writer.WriteLine(line.ToJsonString());
    }

    public void Dispose() => _writer.Dispose();

    // The last line of a killed process may be half a line.
    private static int? StepOf(string line)
    {
        try
        {
            return JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
