using System.Globalization;
using System.Text;
using LamdAgent.Checkpoints;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Scores;

namespace LamdAgent.Standalone.Runs;

/// <summary>The README.md of an exported model: how it was made and what was measured, with the front matter that model hubs read.</summary>
internal static class ModelCardText
{
    public static string Write(ModelFacts model, PipelineRecipe pipeline, string goal)
    {
        var text = new StringBuilder();
        text.Append("---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags:\n- lamdagent\n");
        if (pipeline.Steps.Any(step => step.Action.Kind == Domain.Actions.ActionKind.Merge))
        {
            text.Append("- merge\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"---\n\n# {pipeline.Name}: {model.Record.Id}\n\n");
        if (goal.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{goal}\n\n");
        }

        text.Append("## How it was made\n\n");
        foreach (var start in pipeline.Models)
        {
            text.Append(CultureInfo.InvariantCulture, $"- `{start.Id}` is `{start.Name}`, content {Short(start.Digest)}\n");
        }

        foreach (var data in pipeline.Datasets)
        {
            text.Append(CultureInfo.InvariantCulture, $"- dataset `{data.Id}` ({data.Format}), content {Short(data.Digest)}\n");
        }

        foreach (var step in pipeline.Steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"- `{step.Output}` = `{step.Action}`, seed {step.Seed}\n");
        }

        text.Append("\n## Scores\n\n| split | task | score | standard error | items |\n| --- | --- | --- | --- | --- |\n");
        foreach (var evaluation in model.Evaluations)
        {
            foreach (TaskScore task in evaluation.Tasks)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {evaluation.Split.ToString().ToLowerInvariant()} | {task.TaskId} | {task.Score:F4} | {task.StandardError?.ToString("F4", CultureInfo.InvariantCulture) ?? "unknown"} | {task.Count} |\n");
            }
        }

        text.Append("\nValidation scores steered the search and are too high by selection; test scores were read once.\n");
        text.Append(CultureInfo.InvariantCulture, $"\n## Make it again\n\nMade by LamdAgent {ModelManifest.CurrentCodeVersion}; save as `pipeline.yaml` and run `lamd replay pipeline.yaml --output DIR`:\n\n```yaml\n{pipeline.ToYaml()}```\n");
        return text.ToString();
    }

    private static string Short(string? digest) => digest is null ? "unknown" : $"`{digest[..Math.Min(16, digest.Length)]}`";
}
