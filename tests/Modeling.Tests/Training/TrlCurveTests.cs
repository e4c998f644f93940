using System.Collections.Concurrent;
using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

/// <summary>Whole trainings against the logs of TRL's trainers (tests/golden/trl/README.md).</summary>
public sealed class TrlCurveTests
{
    private static readonly ConcurrentDictionary<string, JsonElement> Files = new(StringComparer.Ordinal);

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var file in Directory.GetFiles(Repository.Golden("trl"), "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal))
            {
                foreach (var c in Read(file).GetProperty("cases").EnumerateArray())
                {
                    data.Add(file, c.GetProperty("name").GetString()!);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_logged_number_is_the_trainers(string file, string name)
    {
        using var folder = new TemporaryFolder();
        var all = Read(file);
        var c = all.GetProperty("cases").EnumerateArray().Single(e => e.GetProperty("name").GetString() == name);
        var settings = c.GetProperty("recipe").EnumerateObject().ToDictionary(p => p.Name, p => (object?)p.Value, StringComparer.Ordinal);
        (settings["seed"], settings["shuffle"], settings["precision"], settings["num_threads"]) = (0, false, "float32", 1);
        settings["dataset"] = Rows(folder["rows.jsonl"], all, c.GetProperty("rows"));
        if (c.TryGetProperty("eval_rows", out var evaluation))
        {
            settings["eval_dataset"] = Rows(folder["eval.jsonl"], all, evaluation);
        }

        if (settings.TryGetValue("teacher_model", out var teacher))
        {
            settings["teacher_model"] = Repository.Golden("models", teacher!.ToString()!);
        }

        Trainer.Run(
            TrainingRecipe.FromSettings(settings, name),
            new TrainingJob { ModelFolder = Repository.Golden("models", c.GetProperty("model").GetString()!), OutputFolder = folder["out"] });

        MetricsCurve.ShouldFollow(
            folder["out", "metrics.jsonl"], c.GetProperty("log"), (metric, expected) => metric == "learning_rate" ? 1e-10 : 1e-4 * Math.Max(1, Math.Abs(expected)));
    }

    private static string Rows(string path, JsonElement all, JsonElement number)
    {
        File.WriteAllLines(path, all.GetProperty("rows")[number.GetInt32()].EnumerateArray().Select(r => r.GetRawText()));
        return path;
    }

    private static JsonElement Read(string file) =>
        Files.GetOrAdd(file, f => JsonDocument.Parse(File.ReadAllText(Repository.Golden("trl", f + ".json"))).RootElement);
}
