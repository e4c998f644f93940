using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Engine;

/// <summary>One run of the engine: its threads and its space for blocks, and a way to visit all tensors before the first is written.</summary>
internal sealed class MergeSession(IReadOnlyList<TensorPlan> tensors, MergeThreads threads, CancellationToken cancellation) : IDisposable
{
    private readonly BlockPool<float> _singles = new();
    private readonly BlockPool<double> _doubles = new();

    /// <summary>All tensors of the merge.</summary>
    public IReadOnlyList<TensorPlan> Tensors => tensors;

    /// <summary>A tensor in float32 arithmetic (with rounding for the 16-bit types).</summary>
    public TensorMerge<float> InSingle(TensorPlan plan, OutputPipeline? output) => new(plan, _singles, threads, output, cancellation);

    /// <summary>A tensor in float64 arithmetic.</summary>
    public TensorMerge<double> InDouble(TensorPlan plan, OutputPipeline? output) => new(plan, _doubles, threads, output, cancellation);

    /// <inheritdoc />
    public void Dispose()
    {
        _singles.Dispose();
        _doubles.Dispose();
    }
}
