namespace LamdAgent.Merging.Numerics;

/// <summary>The key that stands at a rank of the ascending order.</summary>
/// <param name="Key">The key.</param>
/// <param name="Less">How many keys are smaller.</param>
/// <param name="Equal">How many are the same.</param>
internal readonly record struct RankedKey(uint Key, long Less, long Equal);
