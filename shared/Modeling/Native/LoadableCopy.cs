using System.Security.Cryptography;

namespace LamdAgent.Modeling.Native;

/// <summary>
/// Keeps the adapted copy of TorchSharp's library in a cache folder of this user, named by the content it was made from. Many processes may ask at
/// once: each writes its own file and renames it, and what is found is used only if it holds exactly the bytes it should.
/// </summary>
internal static class LoadableCopy
{
    /// <summary>The path of the copy for <paramref name="library"/>, made when it is not there yet.</summary>
    /// <exception cref="InvalidDataException">The library cannot be adapted.</exception>
    public static string Of(string library) => Of(library, CacheFolder());

    internal static string Of(string library, string cacheFolder)
    {
        var original = File.ReadAllBytes(library);
        var folder = Path.Combine(cacheFolder, Convert.ToHexStringLower(SHA256.HashData(original))[..16]);
        var path = Path.Combine(folder, Path.GetFileName(library));
        var adapted = SymbolVersionNeed.WithWeakMarker(original);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(adapted))
        {
            return path;
        }

        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var own = Path.Combine(folder, $".{Guid.NewGuid():n}");
        try
        {
            File.WriteAllBytes(own, adapted);
            File.Move(own, path, overwrite: true);
        }
        finally
        {
            File.Delete(own);
        }

        return path;
    }

    // Without a home (some containers) the system's temporary folder serves; the content check above guards against strangers' files.
    private static string CacheFolder()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return home.Length > 0 ? Path.Combine(home, "lamdagent", "native") : Path.Combine(Path.GetTempPath(), $"lamdagent-{Environment.UserName}", "native");
    }
}
