using LamdAgent.Merging;

namespace LamdAgent.Standalone.Commands;

/// <summary>Tells how a merge goes, a few times a second at most.</summary>
/// <param name="output">Where to; stderr for people.</param>
/// <param name="time">The clock.</param>
internal sealed class ConsoleMergeProgress(TextWriter output, TimeProvider time) : IProgress<MergeProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);
    private long _last = time.GetTimestamp();

    public void Report(MergeProgress value)
    {
        if (time.GetElapsedTime(_last) < Interval)
        {
            return;
        }

        _last = time.GetTimestamp();
        output.WriteLine(FormattableString.Invariant(
            $"merging: {value.TensorsDone}/{value.Tensors} tensors, {100.0 * value.BytesDone / Math.Max(1, value.Bytes):0} %, {value.BytesPerSecond / 1e9:0.00} GB/s, {value.Left.TotalSeconds:0} s left"));
    }
}
