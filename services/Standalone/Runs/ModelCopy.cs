using LamdAgent.Checkpoints;

namespace LamdAgent.Standalone.Runs;

/// <summary>Copies a model folder so that it appears whole.</summary>
internal static class ModelCopy
{
    private const string Card = "README.md";

    /// <summary>Copies every file of <paramref name="source"/> to a new folder, with the adapter that it may carry; a card replaces the one that is there.</summary>
    public static void Write(string source, string destination, string? card)
    {
        var files = CarriedAdapter.FilesOf(source).Where(name => card is null || name != Card).ToList();
        DiskFull.RequireSpace(Path.GetDirectoryName(Path.GetFullPath(destination))!, files.Sum(name => new FileInfo(Path.Combine(source, name)).Length));
        using var folder = StagedFolder.Create(destination);
        DiskFull.Guard(destination, () =>
        {
            foreach (var name in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
                File.Copy(Path.Combine(source, name), folder[name]);
                File.SetUnixFileMode(folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }

            if (card is not null)
            {
                File.WriteAllText(folder[Card], card);
            }
        });
        folder.Publish();
    }
}
