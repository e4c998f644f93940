namespace LamdAgent.Merging;

/// <summary>Where a running merge is.</summary>
/// <param name="Tensor">The tensor just done.</param>
/// <param name="TensorsDone">How many are done.</param>
/// <param name="Tensors">Of how many.</param>
/// <param name="BytesDone">Bytes read and written for them, each input counted once.</param>
/// <param name="Bytes">Of how many.</param>
/// <param name="Elapsed">Time since the first.</param>
public sealed record MergeProgress(string Tensor, int TensorsDone, int Tensors, long BytesDone, long Bytes, TimeSpan Elapsed)
{
    /// <summary>Speed so far in bytes per second.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? BytesDone / Elapsed.TotalSeconds : 0;

    /// <summary>Time left at that speed.</summary>
    public TimeSpan Left => BytesPerSecond > 0 ? TimeSpan.FromSeconds((Bytes - BytesDone) / BytesPerSecond) : TimeSpan.Zero;
}
