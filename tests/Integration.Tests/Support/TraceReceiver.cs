using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LamdAgent.Integration.Tests.Support;

/// <summary>What an OpenTelemetry collector is to the services: takes their spans over OTLP/HTTP on loopback.</summary>
internal sealed class TraceReceiver : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<Span> spans = [];

    public TraceReceiver()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Endpoint = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        }

        listener.Prefixes.Add($"{Endpoint}/");
        listener.Start();
        _ = ReceiveAsync();
    }

    public string Endpoint { get; }

    public IReadOnlyList<Span> Spans => [.. spans];

    public void Dispose() => listener.Close();

    private async Task ReceiveAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (context.Request.Url!.AbsolutePath == "/v1/traces")
            {
                Read(body.ToArray());
            }

            context.Response.Close();
        }
    }

    // opentelemetry-proto: ExportTraceServiceRequest.resource_spans = 1; ResourceSpans.resource = 1, scope_spans = 2; ScopeSpans.spans = 2.
    private void Read(byte[] request)
    {
        foreach (var (_, resourceSpans) in ProtobufFields.Read(request).Where(field => field.Number == 1))
        {
            var service = ProtobufFields.Read(resourceSpans).Where(field => field.Number == 1)
                .SelectMany(resource => Attributes(ProtobufFields.Read(resource.Value).Where(field => field.Number == 1))).Single(pair => pair.Key == "service.name").Value;
            foreach (var (_, scopeSpans) in ProtobufFields.Read(resourceSpans).Where(field => field.Number == 2))
            {
                foreach (var (_, span) in ProtobufFields.Read(scopeSpans).Where(field => field.Number == 2))
                {
                    spans.Enqueue(ReadSpan(service, span));
                }
            }
        }
    }

    // Span.trace_id = 1, span_id = 2, parent_span_id = 4, name = 5, attributes = 9.
    private static Span ReadSpan(string service, ReadOnlyMemory<byte> span)
    {
        var fields = ProtobufFields.Read(span).ToLookup(field => field.Number, field => field.Value);
        var attributes = Attributes(fields[9].Select(value => (9, value))).ToLookup(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        return new Span(
            service, Text(fields[5].Single()), Hex(fields[1].Single()), Hex(fields[2].Single()), Hex(fields[4].FirstOrDefault()), attributes["lamd.search"].FirstOrDefault(), attributes["lamd.step"].FirstOrDefault());
    }

    // KeyValue.key = 1, value = 2; AnyValue.string_value = 1.
    private static IEnumerable<KeyValuePair<string, string>> Attributes(IEnumerable<(int Number, ReadOnlyMemory<byte> Value)> pairs) =>
        from pair in pairs
        let fields = ProtobufFields.Read(pair.Value).ToLookup(field => field.Number, field => field.Value)
        let text = fields[2].SelectMany(value => ProtobufFields.Read(value).Where(field => field.Number == 1)).Select(field => Text(field.Value)).FirstOrDefault()
        where text is not null
        select KeyValuePair.Create(Text(fields[1].Single()), text);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);

    /// <summary>A piece of work of one service.</summary>
    internal sealed record Span(string Service, string Name, string TraceId, string Id, string ParentId, string? Search, string? Step);
}
