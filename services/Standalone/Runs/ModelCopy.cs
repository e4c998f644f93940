using LamdAgent.Checkpoints;

namespace LamdAgent.Standalone.Runs;

/// <summary>Copies a model folder so that it appears whole.</summary>
internal static class ModelCopy
{
    private const string Card = "README.md";

    /// <summary>Copies every file of <paramref name="source"/> to a new folder; a card replaces the one that is there.</summary>
    public static void Write(string source, string destination, string? card)
    {
        var files = new DirectoryInfo(source).EnumerateFiles().Where(file => card is null || file.Name != Card).ToList();
        DiskFull.RequireSpace(Path.GetDirectoryName(Path.GetFullPath(destination))!, files.Sum(file => file.Length));
        using var folder = StagedFolder.Create(destination);
        DiskFull.Guard(destination, () =>
        {
            foreach (var file in files)
            {
                file.CopyTo(folder[file.Name]);
                File.SetUnixFileMode(folder[file.Name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }

            if (card is not null)
            {
                File.WriteAllText(folder[Card], card);
            }
        });
        folder.Publish();
    }
}
