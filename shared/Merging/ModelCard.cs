using System.Text;
using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging;

/// <summary>The README.md of a merged model: what it was made of and how, in the form that model hubs read.</summary>
internal static class ModelCard
{
    public const string FileName = "README.md";

    public static string Write(MergeConfig config, ModelManifest manifest, MergePlan plan)
    {
        var method = MergeMethodCatalogue.Find(config.Method)!;
        var text = new StringBuilder();
        text.Append("---\n");
        text.Append("library_name: transformers\n");
        text.Append("tags:\n- merge\n- lamdagent\n");
        text.Append("---\n\n");
        text.Append($"# {manifest.Id}\n\n");
        text.Append($"A merge of language models by **{method.Name}**: {method.Summary} ({method.Reference}).\n\n");
        text.Append("## Models\n\n");
        foreach (var parent in manifest.Parents)
        {
            text.Append($"- {parent.Id}{(parent.Digest is null ? "" : $" (`{parent.Digest[..12]}`)")}{(parent.Id == manifest.Base ? ", base" : "")}\n");
        }

        if (plan.Warnings.Count > 0)
        {
            text.Append("\n## Notes\n\n");
            text.AppendJoin("", plan.Warnings.Select(w => $"- {w}\n"));
        }

        text.Append("\n## Configuration\n\n```json\n");
        text.Append(JsonSerializer.Serialize(manifest.Parameters, Indented));
        text.Append("\n```\n\n");
        text.Append($"{plan.Tensors.Count} tensors, {plan.Tensors.Sum(t => t.Length) / 1e6:F1} million parameters. `lamd.json` has the digests of all files.\n");
        return text.ToString();
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
}
