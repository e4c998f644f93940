using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Engine;

/// <summary>One run of the engine: its threads and its space for blocks, and a way to visit all tensors before the first is written.</summary>
internal sealed class MergeSession(IReadOnlyList<TensorPlan> tensors, MergeThreads threads, CancellationToken cancellation) : IDisposable
{
    private readonly BlockPool<float> _singles = new();
    private readonly BlockPool<double> _doubles = new();

    private readonly Dictionary<(string Tensor, int Operand), object> _state = [];

    /// <summary>All tensors of the merge.</summary>
    public IReadOnlyList<TensorPlan> Tensors => tensors;

    /// <summary>A tensor in float32 arithmetic (with rounding for the 16-bit types).</summary>
    public TensorMerge<float> InSingle(TensorPlan plan, OutputPipeline? output) => new(plan, this, _singles, threads, output, cancellation);

    /// <summary>A tensor in float64 arithmetic.</summary>
    public TensorMerge<double> InDouble(TensorPlan plan, OutputPipeline? output) => new(plan, this, _doubles, threads, output, cancellation);

    /// <summary>Keeps what <see cref="MergeMethod.Prepare"/> found out about an operand of a tensor.</summary>
    public void SetState(TensorPlan plan, int operand, object state) => _state[(plan.Name, operand)] = state;

    /// <summary>What was kept, or null.</summary>
    public object? FindState(TensorPlan plan, int operand) => _state.GetValueOrDefault((plan.Name, operand));

    /// <inheritdoc />
    public void Dispose()
    {
        _singles.Dispose();
        _doubles.Dispose();
    }
}
