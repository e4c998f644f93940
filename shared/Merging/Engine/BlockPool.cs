using System.Numerics;

namespace LamdAgent.Merging.Engine;

/// <summary>One block a thread, kept from tensor to tensor.</summary>
internal sealed class BlockPool<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ThreadLocal<Block<T>> _blocks = new(() => new Block<T>());

    /// <summary>The calling thread's block.</summary>
    public Block<T> Mine => _blocks.Value!;

    /// <inheritdoc />
    public void Dispose() => _blocks.Dispose();
}
