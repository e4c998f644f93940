using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// Runs a loop over blocks on libtorch's own threads: its OpenMP team is asked to call back here. A second pool would fight it, for its threads spin between operations. Where
/// libtorch brings another OpenMP, .NET's pool serves.
/// </summary>
internal static unsafe class KernelThreads
{
    private static readonly Lazy<OpenMp?> Team = new(OpenMp.Find);

    /// <summary>Below this many elements one thread is faster than two.</summary>
    private const long SmallestShared = 1 << 15;

    /// <summary>Calls <paramref name="body"/> for every block 0..blocks - 1, in any order; bodies must not throw.</summary>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="elements">Elements of all blocks, to judge whether sharing pays.</param>
    /// <param name="body">The work on a block.</param>
    public static void For(int blocks, long elements, Action<int> body)
    {
        var threads = blocks < 2 || elements < SmallestShared ? 1 : Math.Min(torch.get_num_threads(), blocks);
        if (threads == 1)
        {
            for (var block = 0; block < blocks; block++)
            {
                body(block);
            }
        }
        else if (Team.Value is { } team)
        {
            team.Run(threads, blocks, body);
        }
        else
        {
            Parallel.For(0, blocks, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
        }
    }

    private sealed class OpenMp(delegate* unmanaged<delegate* unmanaged<IntPtr, void>, IntPtr, uint, uint, void> parallel, delegate* unmanaged<int> threadNumber, delegate* unmanaged<int> threadCount)
    {
        public static OpenMp? Find()
        {
            // Loaded with libtorch; asking by its SONAME gives the one in memory.
            return NativeLibrary.TryLoad("libgomp.so.1", out var library)
                && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var parallel)
                && NativeLibrary.TryGetExport(library, "omp_get_thread_num", out var number)
                && NativeLibrary.TryGetExport(library, "omp_get_num_threads", out var count)
                ? new OpenMp((delegate* unmanaged<delegate* unmanaged<IntPtr, void>, IntPtr, uint, uint, void>)parallel, (delegate* unmanaged<int>)number, (delegate* unmanaged<int>)count)
                : null;
        }

        public void Run(int threads, int blocks, Action<int> body)
        {
            var work = GCHandle.Alloc(new Work(this, blocks, body));
            try
            {
                parallel(&Share, GCHandle.ToIntPtr(work), (uint)threads, 0);
            }
            finally
            {
                work.Free();
            }
        }

        [UnmanagedCallersOnly]
        private static void Share(IntPtr handle)
        {
            var work = (Work)GCHandle.FromIntPtr(handle).Target!;
            int first = work.Team.Number(), step = work.Team.Count();
            for (var block = first; block < work.Blocks; block += step)
            {
                work.Body(block);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int Number() => threadNumber();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int Count() => threadCount();

        private sealed record Work(OpenMp Team, int Blocks, Action<int> Body);
    }
}
