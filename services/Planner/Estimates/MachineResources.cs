namespace LamdAgent.Planner.Estimates;

/// <summary>What a search may use of the machines that work for it.</summary>
/// <param name="MemoryBytes">Memory for a training; null: unknown.</param>
/// <param name="DiskFreeBytes">Free space where models are kept; null: unknown.</param>
/// <param name="FlopsPerSecond">Sustained floating point operations per second of a training.</param>
public sealed record MachineResources(long? MemoryBytes, long? DiskFreeBytes, double FlopsPerSecond)
{
    /// <summary>Measured with a small model in a plain loop on two cores: about 70 GFLOP/s of useful work.</summary>
    private const double FlopsPerCore = 30e9;

    /// <summary>Nothing is known, so nothing is too large.</summary>
    public static MachineResources Unknown { get; } = new(null, null, FlopsPerCore);

    /// <summary>This machine without a GPU: memory that the process may take, space on the disk of a folder, a rate per core.</summary>
    public static MachineResources OfThisMachine(string folder) => new(
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, DiskFree(folder), Environment.ProcessorCount * FlopsPerCore);

    /// <summary>Trainers elsewhere that keep their models in a shared folder: only who deploys them knows their memory.</summary>
    public static MachineResources OfTrainers(string folder, long? memoryBytes) => new(memoryBytes, DiskFree(folder), Environment.ProcessorCount * FlopsPerCore);

    private static long DiskFree(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        return new DriveInfo(existing).AvailableFreeSpace;
    }
}
