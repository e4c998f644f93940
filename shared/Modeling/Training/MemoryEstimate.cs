using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Architectures;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Memory that a training will take, from model, batch and length, in bytes; meant to be above the truth rather than below. Fixed: float32 weights, gradient and two moments,
/// the computing copy and its gradient, a frozen reference. Per token: what the backward pass keeps of every layer, and one chunk of logits.
/// </summary>
/// <param name="FixedBytes">Whatever the batch.</param>
/// <param name="BytesPerToken">For each token of a micro-batch.</param>
/// <param name="LogitBytesPerToken">Logits of a token and their gradient.</param>
/// <param name="ChunkTokens">Most tokens whose logits exist at once.</param>
public sealed record MemoryEstimate(long FixedBytes, double BytesPerToken, long LogitBytesPerToken, long ChunkTokens)
{
    /// <summary>An estimate for a model and a recipe.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="width">Bytes of a number in the computing type.</param>
    /// <param name="parameters">Its number of weights.</param>
    /// <param name="trainedParameters">Weights that are trained (fewer with adapters).</param>
    /// <param name="recipe">Method, recomputation.</param>
    public static MemoryEstimate Of(DecoderSpec spec, int width, long parameters, long trainedParameters, TrainingRecipe recipe)
    {
        var full = trainedParameters >= parameters;

        // Master, gradient, moments: 16 bytes for each trained weight; computing copy and its gradient: twice the width.
        var fixedBytes = (16 * trainedParameters) + (full ? 2L * width * parameters : width * parameters);
        var hasReference = recipe.Method is TrainingMethod.Dpo or TrainingMethod.Kto || recipe.Reinforcement.Beta > 0;
        if ((hasReference && recipe.Lora is null) || recipe.Method is TrainingMethod.Distillation or TrainingMethod.Gkd)
        {
            fixedBytes += width * parameters;
        }

        // Reward models are usually as large as what they judge.
        fixedBytes += recipe.Reinforcement.RewardModels.Count * width * parameters;

        // Kept per layer and token: inputs of the projections and norms in the computing type, norms and rotations in float32 beside them.
        double perLayer = (spec.HiddenSize * (4 * width + 16)) + (((spec.Heads + (2 * spec.KeyValueHeads)) * spec.HeadDim) * (2 * width + 12)) + (spec.IntermediateSize * 5 * width);
        var perToken = recipe.Run.GradientCheckpointing ? (spec.Layers * spec.HiddenSize * width) + perLayer : spec.Layers * perLayer;
        var logits = spec.HasScoreHead ? 1 : spec.VocabSize;
        return new MemoryEstimate(fixedBytes, perToken, 5L * 4 * logits, Math.Max(16, HeadPass.ChunkBytes / (4L * logits)));
    }

    /// <summary>Bytes for micro-batches of so many tokens.</summary>
    public long Total(long tokensPerMicroBatch) =>
        FixedBytes + (long)(BytesPerToken * tokensPerMicroBatch) + (LogitBytesPerToken * Math.Min(tokensPerMicroBatch, ChunkTokens));

    /// <summary>What this process may still take: the machine's free memory or the container's limit, whichever is less.</summary>
    public static long AvailableBytes()
    {
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        if (OperatingSystem.IsLinux() && File.Exists("/proc/meminfo"))
        {
            var line = File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
            if (line is not null && long.TryParse(line.AsSpan(13).Trim().TrimEnd("kB").Trim(), out var kilobytes))
            {
                limit = Math.Min(limit, kilobytes * 1024);
            }
        }

        return limit;
    }
}
