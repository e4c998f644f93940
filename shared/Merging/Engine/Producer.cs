using System.Numerics;

namespace LamdAgent.Merging.Engine;

/// <summary>Fills the result of one block.</summary>
internal delegate void Producer<T>(Block<T> block, Span<T> result)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
