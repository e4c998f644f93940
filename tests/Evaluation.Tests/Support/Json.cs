using System.Text.Json;

namespace LamdAgent.Evaluation.Tests.Support;

internal static class Json
{
    public static JsonElement Of(object? value) => JsonSerializer.SerializeToElement(value);

    public static JsonElement Parse(string text) => JsonDocument.Parse(text).RootElement.Clone();
}
