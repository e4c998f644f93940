using System.Text.Json;
using System.Text.Json.Serialization;
using LamdAgent.Domain;

namespace LamdAgent.Storage.Documents;

/// <summary>Records as JSON, as <see cref="DomainJson"/> writes them; a loss that became infinite must be storable too.</summary>
internal static class DocumentJson
{
    private static readonly JsonSerializerOptions Options = new(DomainJson.Options) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static string Write<T>(T record) => JsonSerializer.Serialize(record, Options);

    public static T Read<T>(StoredDocument document) =>
        JsonSerializer.Deserialize<T>(document.Body, Options) ?? throw new InvalidDataException($"the stored record {document.Id} is empty");
}
