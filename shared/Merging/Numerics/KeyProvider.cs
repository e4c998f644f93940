using System.Numerics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>Gives the sort keys of a block's elements; the span is good until the block moves on.</summary>
internal delegate ReadOnlySpan<uint> KeyProvider<T>(Block<T> block)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
