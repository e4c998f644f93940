using System.Text.Encodings.Web;
using System.Text.Json;

namespace LamdAgent.Evaluation.Data;

/// <summary>How results are written: readable characters as they are, one row a line or indented.</summary>
public static class JsonText
{
    /// <summary>For rows of JSON lines.</summary>
    public static JsonSerializerOptions Line { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };

    /// <summary>For files that people read.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };
}
