using System.Collections.Concurrent;
using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Engine;

/// <summary>
/// Writes windows of output in the order they are given, on a thread of its own, while the next ones are computed. A fixed number of buffers bounds the
/// memory: when the disk is the slower part, computing waits.
/// </summary>
internal sealed class OutputPipeline : IDisposable
{
    /// <summary>Bytes of a window: large enough for few calls, small enough to be still in the cache when it is written.</summary>
    public const int WindowBytes = 4 << 20;

    private const int Windows = 4;
    private readonly CheckpointWriter _writer;
    private readonly BlockingCollection<OutputWindow> _free = [];
    private readonly BlockingCollection<(string Name, OutputWindow Window)> _full = [];
    private readonly Thread _thread;
    private volatile Exception? _failure;

    /// <summary>Starts the thread.</summary>
    public OutputPipeline(CheckpointWriter writer)
    {
        _writer = writer;
        for (var i = 0; i < Windows; i++)
        {
            _free.Add(new OutputWindow([]));
        }

        _thread = new Thread(WriteAll) { Name = "merge output", IsBackground = true };
        _thread.Start();
    }

    /// <summary>A window to fill; waits until one is free.</summary>
    public OutputWindow Rent(int length)
    {
        var window = _free.Take();
        Check();
        if (window.Bytes.Length < length)
        {
            window = new OutputWindow(GC.AllocateUninitializedArray<byte>(Math.Max(length, WindowBytes)));
        }

        window.Length = length;
        return window;
    }

    /// <summary>Hands a filled window over.</summary>
    public void Write(string name, OutputWindow window) => _full.Add((name, window));

    /// <summary>Waits until everything is written.</summary>
    public void Complete()
    {
        _full.CompleteAdding();
        _thread.Join();
        Check();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (!_full.IsAddingCompleted)
        {
            _full.CompleteAdding();
        }

        _thread.Join();
        _free.Dispose();
        _full.Dispose();
    }

    private void WriteAll()
    {
        foreach (var (name, window) in _full.GetConsumingEnumerable())
        {
            if (_failure is null)
            {
                try
                {
                    _writer.Write(name, window.Bytes.AsSpan(0, window.Length));
                }
                catch (Exception e)
                {
                    // Kept for the computing thread, which throws it on; the windows still coming are dropped.
                    _failure = e;
                }
            }

            _free.Add(window);
        }
    }

    private void Check()
    {
        if (_failure is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
