using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests;

/// <summary>The base model of the sample: real, with its tokenizer, and small.</summary>
internal static class SampleModel
{
    /// <summary>Its folder, to be read only.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "shared", "samples", "tool-use", "base");

    /// <summary>A copy that a test may spoil.</summary>
    public static void CopyTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(Folder))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
    }
}
