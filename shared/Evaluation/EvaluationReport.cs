using System.Text;
using System.Text.Json.Nodes;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation;

/// <summary>Writes results: <c>samples_TASK.jsonl</c> for each task, and <c>results.json</c> last, so that its presence says that all is there.</summary>
public static class EvaluationReport
{
    /// <summary>Name of the summary file.</summary>
    public const string ResultsFile = "results.json";

    /// <summary>Name of a task's samples file.</summary>
    public static string SamplesFile(string task) => $"samples_{task}.jsonl";

    /// <summary>Writes a folder; files of an earlier evaluation with the same names are replaced.</summary>
    public static void Write(string folder, IReadOnlyList<TaskResult> results)
    {
        Directory.CreateDirectory(folder);
        File.Delete(Path.Combine(folder, ResultsFile));
        foreach (var result in results)
        {
            var lines = new StringBuilder();
            foreach (var sample in result.Samples)
            {
                lines.Append(sample.ToJson().ToJsonString(JsonText.Line)).Append('\n');
            }

            WholeFile.Write(Path.Combine(folder, SamplesFile(result.Task)), lines.ToString());
        }

        WholeFile.Write(Path.Combine(folder, ResultsFile), ToJson(results).ToJsonString(JsonText.Indented) + "\n");
    }

    /// <summary>The summary: <c>{"model_digest", "protocol", "tasks": [...]}</c>.</summary>
    public static JsonObject ToJson(IReadOnlyList<TaskResult> results) => new()
    {
        ["model_digest"] = results.Count > 0 ? results[0].ModelDigest : null,
        ["protocol"] = results.Count > 0 ? results[0].Protocol : null,
        ["tasks"] = new JsonArray([.. results.Select(result => (JsonNode)result.ToJson())]),
    };
}
