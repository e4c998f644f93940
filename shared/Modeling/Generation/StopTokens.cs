using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Modeling.Generation;

/// <summary>Which tokens end a text of a model: those of generation_config.json where it names some, otherwise those of config.json.</summary>
public static class StopTokens
{
    /// <summary>The tokens of a model folder; empty when neither file names one.</summary>
    /// <exception cref="InvalidInputException">generation_config.json is not valid.</exception>
    public static IReadOnlyList<int> Of(string folder, ModelConfig config)
    {
        var file = Path.Combine(folder, "generation_config.json");
        if (File.Exists(file))
        {
            try
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(file));
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("eos_token_id", out var eos) && eos.ValueKind != JsonValueKind.Null)
                {
                    return eos.ValueKind == JsonValueKind.Array ? [.. eos.EnumerateArray().Select(e => e.GetInt32())] : [eos.GetInt32()];
                }
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new InvalidInputException(file, null, $"not valid: {e.Message}", e);
            }
        }

        return config.EosTokenIds;
    }
}
