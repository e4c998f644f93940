using System.Diagnostics;
using LamdAgent.Merging;

namespace LamdAgent.Standalone.Commands;

/// <summary>Tells on stderr how a merge goes, a few times a second at most.</summary>
internal sealed class ConsoleMergeProgress : IProgress<MergeProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);
    private readonly Stopwatch _since = Stopwatch.StartNew();

    public void Report(MergeProgress value)
    {
        if (_since.Elapsed >= Interval)
        {
            _since.Restart();
            Console.Error.WriteLine(
                $"merging: {value.TensorsDone}/{value.Tensors} tensors, {100.0 * value.BytesDone / value.Bytes:0} %, {value.BytesPerSecond / 1e9:0.00} GB/s, {value.Left.TotalSeconds:0} s left");
        }
    }
}
