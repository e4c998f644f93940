namespace LamdAgent.Merging.Numerics;

/// <summary>The key that stands at a rank, and where in the tensor its equals are.</summary>
/// <param name="Key">The key.</param>
/// <param name="Less">How many keys are smaller.</param>
/// <param name="EqualPerBlock">For each block how many are the same.</param>
internal sealed record BlockCut(uint Key, long Less, int[] EqualPerBlock);
