using System.Reflection;

namespace LamdAgent.Modeling.Native;

/// <summary>
/// Where the native libraries lie. The first folder that has them wins: the one the caller names, <c>native/</c> beside the app (a publish with
/// <c>CarryTorch</c>), the app's own folder (the CUDA packages), the package folder that the build recorded in this assembly.
/// </summary>
internal sealed class TorchLibraries
{
    private const string TorchSharpFile = "libLibTorchSharp.so";
    private const string LibtorchFile = "libtorch_cpu.so";

    private TorchLibraries(string libtorchFolder, string torchSharpFile)
    {
        HasCuda = File.Exists(Path.Combine(libtorchFolder, "libtorch_cuda.so"));
        Libtorch = [.. InLoadingOrder(libtorchFolder, HasCuda)];
        TorchSharp = torchSharpFile;
    }

    /// <summary>libtorch's files, each after those it depends on.</summary>
    public IReadOnlyList<string> Libtorch { get; }

    /// <summary>TorchSharp's native half, which depends on all of <see cref="Libtorch"/>.</summary>
    public string TorchSharp { get; }

    /// <summary>Whether this is a CUDA build.</summary>
    public bool HasCuda { get; }

    /// <exception cref="TorchUnavailableException">No folder has them.</exception>
    public static TorchLibraries Locate(string? nativeFolder)
    {
        string[] beside = [.. new[] { nativeFolder, Path.Combine(AppContext.BaseDirectory, "native"), AppContext.BaseDirectory }.OfType<string>()];
        string[] libtorchFolders = [.. beside, .. Recorded("LibtorchFolder")];
        string[] torchSharpFolders = [.. beside, .. Recorded("TorchSharpFolder")];
        var libtorch = Array.Find(libtorchFolders, folder => File.Exists(Path.Combine(folder, LibtorchFile)))
            ?? throw Missing(LibtorchFile, libtorchFolders);
        var torchSharp = Array.Find(torchSharpFolders, folder => File.Exists(Path.Combine(folder, TorchSharpFile)))
            ?? throw Missing(TorchSharpFile, torchSharpFolders);
        return new TorchLibraries(libtorch, Path.Combine(torchSharp, TorchSharpFile));
    }

    private static IEnumerable<string> InLoadingOrder(string folder, bool cuda)
    {
        // The OpenMP runtime carries a hash in its file name; what is not there comes from the system or was linked in.
        foreach (var openMp in Directory.EnumerateFiles(folder, "libgomp-*.so*").Order(StringComparer.Ordinal))
        {
            yield return openMp;
        }

        // Loading libtorch_cuda brings CUDA's own libraries in from the same folder (their RUNPATH is $ORIGIN).
        string[] files = cuda ? ["libc10.so", LibtorchFile, "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"] : ["libc10.so", LibtorchFile, "libtorch.so"];
        foreach (var file in files)
        {
            yield return Path.Combine(folder, file);
        }
    }

    private static IEnumerable<string> Recorded(string key) =>
        typeof(TorchLibraries).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Where(m => m.Key == key).Select(m => m.Value).OfType<string>();

    private static TorchUnavailableException Missing(string file, string[] folders) =>
        new($"{file} is in none of: {string.Join(", ", folders)}. Build again (dotnet restore fetches it), or publish with -p:CarryTorch=true.");
}
