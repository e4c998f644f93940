using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LamdAgent.Domain.Actions;

/// <summary>
/// The identity of a piece of work: same action, same inputs, same seed, same share of the data give the same key. Inputs enter by content
/// (digest of a starting model or dataset) or, for a model made by a step, by that step's key, so a key names a whole pipeline.
/// </summary>
public static class ActionKey
{
    /// <summary>Computes the key: 64 hexadecimal digits (SHA-256 of a canonical JSON array).</summary>
    /// <param name="action">The action.</param>
    /// <param name="seed">Its seed.</param>
    /// <param name="dataFraction">Share of the training data, 0 to 1.</param>
    /// <param name="modelKey">Model id -> digest or producing key.</param>
    /// <param name="datasetDigest">Dataset id -> content digest.</param>
    public static string Compute(
        PipelineAction action,
        long seed,
        double dataFraction,
        Func<string, string> modelKey,
        Func<string, string> datasetDigest)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            json.WriteStringValue("lamd-action-1");
            json.WriteStringValue(action.Kind.ToString());
            json.WriteStringValue(action.Type);
            json.WriteStringValue(action.Split.ToString());
            json.WriteNumberValue(seed);
            json.WriteNumberValue(dataFraction);
            WriteList(json, action.Models.Select(modelKey));
            json.WriteStringValue(action.BaseModel is null ? "" : modelKey(action.BaseModel));
            WriteList(json, action.Datasets.Select(datasetDigest));
            WriteList(json, action.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => new[] { p.Key, p.Value }));
            json.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(stream.ToArray()));
    }

    /// <summary>A seed derived from a number and a text, the same on every machine; between 0 and 2^31 - 1.</summary>
    public static int DeriveSeed(long seed, string purpose)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{seed}:{purpose}")));
        return BitConverter.ToInt32(hash) & int.MaxValue;
    }

    private static void WriteList(Utf8JsonWriter json, IEnumerable<string> values)
    {
        json.WriteStartArray();
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
