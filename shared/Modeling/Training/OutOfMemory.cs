using System.Runtime.InteropServices;

namespace LamdAgent.Modeling.Training;

/// <summary>Tells a lack of memory from other failures of libtorch, which all come as one type of exception.</summary>
internal static class OutOfMemory
{
    private static readonly string[] Signs = ["out of memory", "can't allocate memory", "not enough memory", "Cannot allocate memory"];

    public static bool Is(Exception exception) =>
        exception is OutOfMemoryException || (exception is ExternalException && Signs.Any(s => exception.Message.Contains(s, StringComparison.OrdinalIgnoreCase)));
}
