using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// softmax(scale * q k^T + mask) v. The fused kernel of libtorch serves all that have no soft cap, and without a mask where plain causality is meant; a soft cap needs
/// the scores themselves.
/// </summary>
internal static class ScaledDotProduct
{
    /// <param name="q">(B, H, T, head dim).</param>
    /// <param name="k">(B, KV, S, head dim).</param>
    /// <param name="v">(B, KV, S, head dim).</param>
    /// <param name="mask">Added to the scores, broadcast to (B, H, T, S); null with <paramref name="causal"/> false: every token sees every key.</param>
    /// <param name="causal">Instead of a mask: token t sees keys 0..t. Not for layers with a soft cap.</param>
    /// <param name="settings">The layer's numbers.</param>
    /// <returns>(B, H, T, head dim).</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, AttentionSettings settings)
    {
        if (settings.Softcap is { } cap)
        {
            return WithSoftcap(q, k, v, mask, cap, settings);
        }

        // The kernel divides by the root of the head's width; another scale is made good for on the queries.
        var correction = settings.Scale * Math.Sqrt(settings.HeadDim);
        if (Math.Abs(correction - 1) > 1e-12)
        {
            q = q * correction;
        }

        return nn.functional.scaled_dot_product_attention(q, Repeat(k, settings), Repeat(v, settings), attn_mask: mask!, is_casual: causal);
    }

    /// <summary>(T, T): 0 where a token sees a key, the smallest finite number elsewhere.</summary>
    public static Tensor CausalMask(long length, int? window, ScalarType dtype, Device device)
    {
        using var allowed = ones(length, length, ScalarType.Bool, device);
        using var lower = allowed.tril(0);
        using var visible = window is { } w && w < length ? lower.logical_and(allowed.triu(1 - w)) : lower.alias();
        return zeros(length, length, dtype, device).masked_fill_(visible.logical_not(), Lowest(dtype));
    }

    // Finite, so that a row without any visible key gives an average and not NaN, which would spread through 0 * NaN.
    public static double Lowest(ScalarType dtype) => dtype == ScalarType.Float16 ? -65504.0 : -3.3e38;

    private static Tensor WithSoftcap(Tensor q, Tensor k, Tensor v, Tensor? mask, double cap, AttentionSettings settings)
    {
        var (batch, heads, length, width) = (q.size(0), q.size(1), q.size(2), q.size(3));
        var keys = k.size(2);
        var grouped = q.reshape(batch, settings.KeyValueHeads, heads / settings.KeyValueHeads * length, width); // query heads of one key head side by side
        var scores = cap * tanh(matmul(grouped, k.transpose(2, 3)) * (settings.Scale / cap));
        scores = scores.view(batch, heads, length, keys);
        if (mask is not null)
        {
            scores = scores + mask;
        }

        var weights = nn.functional.softmax(scores, -1, ScalarType.Float32).to(q.dtype);
        return matmul(weights.view(batch, settings.KeyValueHeads, -1, keys), v).view(batch, heads, length, width);
    }

    // (B, KV, S, d) -> (B, H, S, d), each key head for its group of query heads
    private static Tensor Repeat(Tensor x, AttentionSettings settings)
    {
        var group = settings.Heads / settings.KeyValueHeads;
        return group == 1 ? x : x.unsqueeze(2).expand(-1, -1, group, -1, -1).reshape(x.size(0), settings.Heads, x.size(2), x.size(3));
    }
}
