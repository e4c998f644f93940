using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// Rotary positions on the first heads of a row, the others copied, in one pass on the CPU. Going back is the same rotation the other way round. Element i turns with element
/// i + half: (a, b) -> (a cos - b sin, b cos + a sin).
/// </summary>
internal sealed unsafe class FusedRotation : autograd.SingleTensorFunction<FusedRotation>
{
    private const int BlockRows = 32;

    public override string Name => nameof(FusedRotation);

    /// <summary>(N, heads, head dim) -> the same shape.</summary>
    /// <param name="heads">Contiguous; float32 or bfloat16.</param>
    /// <param name="rotated">How many of the heads turn.</param>
    /// <param name="half">Half of the elements of a head that turn.</param>
    /// <param name="cos">[positions, half].</param>
    /// <param name="sin">[positions, half].</param>
    /// <param name="positions">Position of every row, [N].</param>
    public static Tensor Run(Tensor heads, int rotated, int half, float[] cos, float[] sin, int[] positions)
    {
        if (is_grad_enabled() && heads.requires_grad)
        {
            return apply(heads, new Rotation(rotated, half, cos, sin, positions));
        }

        using var plain = heads.contiguous();
        return Turn(plain, new Rotation(rotated, half, cos, sin, positions), 1);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(nameof(Rotation), vars[1]);
        using var plain = ((Tensor)vars[0]).contiguous();
        return Turn(plain, (Rotation)vars[1], 1);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var plain = grad_output.contiguous();
        var gradient = Turn(plain, (Rotation)ctx.get_data(nameof(Rotation)), -1);
        grad_output.Dispose();
        return ReturnedGradients.Hand([gradient, null]);
    }

    private static Tensor Turn(Tensor heads, Rotation rotation, float direction)
    {
        var y = empty_like(heads);
        var (rows, headDim) = ((int)heads.size(0), (int)heads.size(2));
        var width = (int)heads.size(1) * headDim;
        Rows from = new(heads, width), to = new(y, width);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, heads.numel(), block =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(2 * width);
            fixed (float* buffer = scratch, cos = rotation.Cos, sin = rotation.Sin)
            {
                for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
                {
                    float* source = from.Read(row, buffer), target = to.Write(row, buffer + width);
                    var place = (long)rotation.Positions[row] * rotation.Half;
                    for (var head = 0; head < rotation.Rotated; head++)
                    {
                        Turn(source + (head * headDim), target + (head * headDim), cos + place, sin + place, rotation.Half, direction);
                        var rest = headDim - (2 * rotation.Half);
                        new Span<float>(source + ((head + 1) * headDim) - rest, rest).CopyTo(new Span<float>(target + ((head + 1) * headDim) - rest, rest));
                    }

                    var copied = rotation.Rotated * headDim;
                    new Span<float>(source + copied, width - copied).CopyTo(new Span<float>(target + copied, width - copied));
                    to.Written(row, target);
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void Turn(float* x, float* y, float* cos, float* sin, int half, float direction)
    {
        var i = 0;
        for (var sign = Vector256.Create(direction); i <= half - 8; i += 8)
        {
            Vector256<float> a = Vector256.Load(x + i), b = Vector256.Load(x + half + i), c = Vector256.Load(cos + i), s = Vector256.Load(sin + i) * sign;
            ((a * c) - (b * s)).Store(y + i);
            ((b * c) + (a * s)).Store(y + half + i);
        }

        for (; i < half; i++)
        {
            var (a, b, c, s) = (x[i], x[half + i], cos[i], sin[i] * direction);
            y[i] = (a * c) - (b * s);
            y[half + i] = (b * c) + (a * s);
        }
    }

    private sealed record Rotation(int Rotated, int Half, float[] Cos, float[] Sin, int[] Positions);
}
