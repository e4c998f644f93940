using System.Text.Json;
using MongoDB.Bson;

namespace LamdAgent.Storage.Mongo;

/// <summary>
/// A record's JSON as a BSON document and back, so that operators can query what is stored. Not <c>BsonDocument.Parse</c>: that reads MongoDB's extended JSON, in which
/// a key such as <c>$date</c> in somebody's recipe would become something else.
/// </summary>
internal static class BsonJson
{
    public static BsonDocument ToBson(string json)
    {
        using var document = JsonDocument.Parse(json);
        return ToBson(document.RootElement).AsBsonDocument;
    }

    public static string ToJson(BsonDocument document)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Write(writer, document);
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static BsonValue ToBson(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new BsonDocument(element.EnumerateObject().Select(property => new BsonElement(property.Name, ToBson(property.Value)))),
        JsonValueKind.Array => new BsonArray(element.EnumerateArray().Select(ToBson)),
        JsonValueKind.String => element.GetString()!,
        JsonValueKind.Number when element.TryGetInt64(out var whole) => whole,
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.True => BsonBoolean.True,
        JsonValueKind.False => BsonBoolean.False,
        _ => BsonNull.Value,
    };

    private static void Write(Utf8JsonWriter writer, BsonValue value)
    {
        switch (value.BsonType)
        {
            case BsonType.Document:
                writer.WriteStartObject();
                foreach (var element in value.AsBsonDocument)
                {
                    writer.WritePropertyName(element.Name);
                    Write(writer, element.Value);
                }

                writer.WriteEndObject();
                break;
            case BsonType.Array:
                writer.WriteStartArray();
                foreach (var item in value.AsBsonArray)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case BsonType.String:
                writer.WriteStringValue(value.AsString);
                break;
            case BsonType.Int32 or BsonType.Int64:
                writer.WriteNumberValue(value.ToInt64());
                break;
            case BsonType.Double:
                writer.WriteNumberValue(value.AsDouble);
                break;
            case BsonType.Boolean:
                writer.WriteBooleanValue(value.AsBoolean);
                break;
            case BsonType.Null:
                writer.WriteNullValue();
                break;
            default:
                throw new InvalidDataException($"a stored record holds a {value.BsonType}, which no version of lamd writes");
        }
    }
}
