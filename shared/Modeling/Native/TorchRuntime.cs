using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace LamdAgent.Modeling.Native;

/// <summary>
/// Loads libtorch and TorchSharp's native half once for the process. TorchSharp's own loader asks for its libraries by bare name; when
/// they are in memory already, the system's loader answers such a request by their <c>SONAME</c>, so loading them here by path, in the order of
/// their dependencies, is all it takes to have them anywhere on the disk.
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static IntPtr torchSharp;

    /// <summary>
    /// Makes TorchSharp usable; call before the first tensor. Any number of calls from any thread; only the first loads (about 0.5 s).
    /// </summary>
    /// <param name="threads">Threads for one tensor operation; null leaves libtorch's own default, one for each core.</param>
    /// <param name="nativeFolder">Where to look for the libraries first, for instance a CUDA build of libtorch; null looks in the usual places only.</param>
    /// <exception cref="TorchUnavailableException">The libraries are missing or this system cannot load them; the message says which and why.</exception>
    public static void Initialize(int? threads = null, string? nativeFolder = null)
    {
        LoadOnce(nativeFolder);
        if (threads is { } count)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(threads));
            torch.set_num_threads(count);
        }
    }

    // TorchSharp loads its libraries when a tensor is first touched, and finding none it copies the whole package beside the app. Whoever forgets to call
    // Initialize must not fall into that: its request by name, which finds nothing, is answered here.
#pragma warning disable CA2255 // the hook must be there before any tensor, whoever makes it
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void AnswerRequestsByName() =>
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name is "torch_cpu" or "torch_cuda" or "LibTorchSharp" ? LoadOnce(null) : IntPtr.Zero;

    private static IntPtr LoadOnce(string? nativeFolder)
    {
        lock (Gate)
        {
            if (torchSharp == IntPtr.Zero)
            {
                torchSharp = Load(TorchLibraries.Locate(nativeFolder));
            }

            return torchSharp;
        }
    }

    private static IntPtr Load(TorchLibraries libraries)
    {
        LetWaitingThreadsSleep();
        foreach (var path in libraries.Libtorch)
        {
            try
            {
                NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                throw new TorchUnavailableException($"{path} cannot be loaded: {e.Message}", e);
            }
        }

        return LoadTorchSharp(libraries.TorchSharp);
    }

    // OpenMP's threads spin for milliseconds after each operation before they sleep. Whatever else wants the processors then (our own passes over flat buffers, the
    // collector, other processes) waits: 40 training steps of a tiny model took 57 s on two busy cores, and 11 s with short spinning. The runtime's own copy of the
    // environment is not seen by native code, so it is set where libgomp reads it, unless somebody has set it already.
    private static void LetWaitingThreadsSleep()
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("GOMP_SPINCOUNT") is null && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
        {
            _ = SetEnvironment("GOMP_SPINCOUNT", "1000", 0);
        }
    }

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int SetEnvironment(string name, string value, int overwrite);

    // On a system whose libstdc++ is older than the one TorchSharp was built with, a copy is loaded in which that one demand is optional.
    private static IntPtr LoadTorchSharp(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e) when (e.Message.Contains(SymbolVersionNeed.TorchSharpMarkerVersion, StringComparison.Ordinal))
        {
            try
            {
                return NativeLibrary.Load(LoadableCopy.Of(path));
            }
            catch (Exception inner) when (inner is DllNotFoundException or BadImageFormatException or InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw new TorchUnavailableException(
                    $"{path} wants a newer libstdc++ than this system has ({SymbolVersionNeed.TorchSharpMarkerVersion}), and the adapted copy of it cannot be used: "
                    + $"{inner.Message}. A system with GCC 13's libstdc++ or newer (Debian 13, Ubuntu 24.04) needs no copy.",
                    inner);
            }
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchUnavailableException($"{path} cannot be loaded: {e.Message}", e);
        }
    }
}
