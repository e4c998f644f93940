using System.Numerics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>Sets the dropped entries of one model's task vector to 0, block by block; the same entries however often it is asked.</summary>
internal delegate void DeltaMask<T>(Block<T> block, Span<T> delta)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
