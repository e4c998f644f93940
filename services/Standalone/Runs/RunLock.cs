using LamdAgent.Domain;

namespace LamdAgent.Standalone.Runs;

/// <summary>Sees to it that one process at a time drives a run. The operating system lets go of it when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private const string FileName = "run.lock";
    private readonly FileStream stream;

    private RunLock(FileStream stream) => this.stream = stream;

    /// <exception cref="InvalidInputException">Another process has it.</exception>
    public static RunLock Acquire(RunFolder run) =>
        TryAcquire(run) ?? throw new InvalidInputException(run.DisplayPath, null, "another lamd is at work on this run; watch it with: lamd status " + run.DisplayPath);

    /// <summary>The lock, or null when another process has it.</summary>
    public static RunLock? TryAcquire(RunFolder run)
    {
        try
        {
            return new RunLock(new FileStream(run[FileName], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException(run.DisplayPath, null, "not allowed to write there", e);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => stream.Dispose();
}
