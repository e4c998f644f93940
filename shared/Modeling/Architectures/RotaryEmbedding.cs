using LamdAgent.Modeling.Kernels;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Turns pairs of elements of a head by an angle that grows with the position: element i goes with element i + half, not with its neighbour.</summary>
internal static class RotaryEmbedding
{
    /// <summary>Turns the first heads and leaves the others; (N, heads, head dim) -> the same shape, computed in float32.</summary>
    public static Tensor Rotate(Tensor all, int rotated, RopeTable table, ForwardPass pass)
    {
        if (pass.Fused && Rows.Serve(all))
        {
            var (c, s, rows) = pass.Angles(table);
            return FusedRotation.Run(all, rotated, table.RotatedWidth / 2, c, s, rows);
        }

        var parts = all.split([rotated, all.size(1) - rotated], 1);
        return cat([Rotate(parts[0], table, pass), parts[1]], 1);
    }

    private static Tensor Rotate(Tensor heads, RopeTable table, ForwardPass pass)
    {
        var (cos, sin) = pass.Rotation(table);
        var headDim = heads.size(-1);
        var half = table.RotatedWidth / 2;
        var parts = heads.split(table.RotatedWidth == headDim ? [half, half] : [half, half, headDim - (2 * half)], -1);
        Tensor first = parts[0].to(ScalarType.Float32), second = parts[1].to(ScalarType.Float32);
        Tensor turnedFirst = ((first * cos) - (second * sin)).to(heads.dtype), turnedSecond = ((second * cos) + (first * sin)).to(heads.dtype);
        return cat(parts.Length == 2 ? [turnedFirst, turnedSecond] : [turnedFirst, turnedSecond, parts[2]], -1);
    }
}
