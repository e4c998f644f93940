using System.Numerics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>The terms of a sum that belong to a block's elements.</summary>
internal delegate ReadOnlySpan<T> BlockTerms<T>(Block<T> block)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
