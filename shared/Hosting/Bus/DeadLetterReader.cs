using System.Globalization;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace LamdAgent.Hosting.Bus;

/// <summary>Reads what the bus library and the broker write on a message that they put aside. Nothing in it is trusted to be there: anybody may have sent the message.</summary>
internal static class DeadLetterReader
{
    private const int LongestReason = 500; // characters
    private static readonly string[] FaultHeaders = ["MT-Fault-", "MT-Host-", "MT-Reason", "MT-Redelivery-Count", "x-"];

    public static DeadLetter Read(string queue, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        var (id, type, search, step) = ReadBody(body);
        var headers = properties.Headers;
        var death = (headers?.TryGetValue("x-death", out var deaths) == true ? deaths as IList<object> : null)?.FirstOrDefault() as IDictionary<string, object>;
        var thrown = Text(headers, "MT-Fault-ExceptionType");
        return new DeadLetter(
            queue,
            id ?? properties.MessageId,
            type,
            search,
            step,
            Time(headers, death),
            thrown,
            Line(Text(headers, "MT-Fault-Message") ?? (death is not null && death.TryGetValue("reason", out var reason) ? Broker(Text(reason)) : null) ?? NoHandler(Text(headers, "MT-Reason"))),
            thrown is null ? Number(Text(headers, "x-delivery-count")) : (Number(Text(headers, "MT-Fault-RetryCount")) ?? 0) + 1);
    }

    public static string? IdOf(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body) => ReadBody(body).Id ?? properties.MessageId;

    /// <summary>The properties as they were when the message was first sent.</summary>
    public static BasicProperties WithoutFault(IReadOnlyBasicProperties properties) => new(properties)
    {
        Persistent = true,
        Headers = properties.Headers?.Where(header => !FaultHeaders.Any(fault => header.Key.StartsWith(fault, StringComparison.Ordinal)))
            .ToDictionary(header => header.Key, header => header.Value, StringComparer.Ordinal),
    };

    // The bus library's envelope: messageId, messageType ["urn:message:Namespace:Type"], message {...}.
    private static (string? Id, string? Type, string? Search, string? Step) ReadBody(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var message = Property(json.RootElement, "message");
            var types = Property(json.RootElement, "messageType");
            var type = types is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } first ? first.GetString() : null;
            return (String(json.RootElement, "messageId"), type?[(type.LastIndexOf(':') + 1)..], String(message, "searchId"), String(message, "stepId"));
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static JsonElement? Property(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty(name, out var property) ? property : null;

    private static string? String(JsonElement? element, string name) => Property(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static string? Text(IDictionary<string, object?>? headers, string name) => headers?.TryGetValue(name, out var value) == true ? Text(value) : null;

    private static string? Text(object? value) => value switch
    {
        null => null,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Time(IDictionary<string, object?>? headers, IDictionary<string, object>? death) =>
        DateTimeOffset.TryParse(Text(headers, "MT-Fault-Timestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : death is not null && death.TryGetValue("time", out var at) && at is AmqpTimestamp stamp ? DateTimeOffset.FromUnixTimeSeconds(stamp.UnixTime)
        : null;

    private static string? Broker(string? reason) => reason == "delivery_limit" ? "every consumer that had it died (the broker's delivery limit)" : reason;

    private static string? NoHandler(string? reason) => reason == "dead-letter" ? "the service that has this queue knows no such message (another version of it?)" : null;

    private static string? Line(string? text)
    {
        var line = text?.ReplaceLineEndings(" ").Trim();
        return line?.Length > LongestReason ? line[..LongestReason] + "..." : line;
    }
}
