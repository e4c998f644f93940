using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Loading;

/// <summary>Opens JSON files of a model folder; what is wrong with one is an <see cref="InvalidInputException"/> that names it.</summary>
internal static class Json
{
    public static JsonDocument Open(string file)
    {
        try
        {
            var bytes = File.ReadAllBytes(file);
            return System.Text.Unicode.Utf8.IsValid(bytes)
                ? JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 128 })
                : throw new InvalidInputException(file, null, "it is not UTF-8");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(file, (int?)e.LineNumber + 1, $"this is not JSON: {e.Message.Split(" LineNumber")[0]}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(file, null, $"it cannot be read: {e.Message}", e);
        }
    }
}
