namespace LamdAgent.TestKit;

/// <summary>Finds the checkout that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>LamdAgent.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path below <c>tests/golden</c>, the reference data (read only).</summary>
    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LamdAgent.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"LamdAgent.sln is in no folder above {AppContext.BaseDirectory}");
    }
}
