namespace LamdAgent.Planner.Estimates;

/// <summary>What a run may use of the machine.</summary>
/// <param name="MemoryBytes">Memory for a training.</param>
/// <param name="DiskFreeBytes">Free space where models are kept; null: unknown.</param>
/// <param name="FlopsPerSecond">Sustained floating point operations per second of a training.</param>
public sealed record MachineResources(long MemoryBytes, long? DiskFreeBytes, double FlopsPerSecond)
{
    /// <summary>Measured with a small model in a plain loop on two cores: about 70 GFLOP/s of useful work.</summary>
    private const double FlopsPerCore = 30e9;

    /// <summary>This machine without a GPU: memory that the process may take, space on the disk of a folder, a rate per core.</summary>
    public static MachineResources OfThisMachine(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        return new MachineResources(
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            new DriveInfo(existing).AvailableFreeSpace,
            Environment.ProcessorCount * FlopsPerCore);
    }
}
