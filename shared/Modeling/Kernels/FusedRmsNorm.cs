using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// y = x / rms(x) * (weight + offset) in one pass over memory, forward and backward, on the CPU. With n = x / rms(x) and g = dy * (weight + offset):
/// dx = (g - n * mean(g * n)) / rms(x), dweight = sum over rows of dy * n.
/// </summary>
internal sealed unsafe class FusedRmsNorm : autograd.SingleTensorFunction<FusedRmsNorm>
{
    private const int BlockRows = 64; // fixed, so that sums do not depend on the number of threads

    public override string Name => nameof(FusedRmsNorm);

    /// <summary>(..., width) -> the same shape.</summary>
    /// <param name="x">Input; float32 or bfloat16.</param>
    /// <param name="weight">[width], the same dtype.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="offset">0, or 1 for Gemma.</param>
    public static Tensor Run(Tensor x, Tensor weight, double epsilon, float offset)
    {
        if (is_grad_enabled() && (x.requires_grad || weight.requires_grad))
        {
            return apply(x, weight, epsilon, offset);
        }

        using var plain = x.contiguous();
        return Forward(plain, weight, (float)epsilon, offset, null);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weight, offset) = (((Tensor)vars[0]).contiguous(), (Tensor)vars[1], (float)vars[3]);
        var inverse = empty(x.numel() / weight.numel(), ScalarType.Float32);
        ctx.save_for_backward([x, weight, inverse]);
        ctx.save_data("offset", offset);
        return Forward(x, weight, (float)(double)vars[2], offset, inverse);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (x, weight, inverse) = (saved[0], saved[1], saved[2]);
        var gradient = grad_output.contiguous();
        var dx = empty_like(x);
        var width = (int)weight.numel();
        var rows = (int)(x.numel() / width);
        var blocks = (rows + BlockRows - 1) / BlockRows;
        var partial = zeros(blocks, width, ScalarType.Float32);
        Rows from = new(x, width), dy = new(gradient, width), to = new(dx, width), sums = new(partial, width), scales = new(inverse, rows);
        var w = Weights(weight, (float)ctx.get_data("offset"));
        KernelThreads.For(blocks, x.numel(), block =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(3 * width);
            fixed (float* buffer = scratch, scale = w)
            {
                for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
                {
                    var target = to.Write(row, buffer + (2 * width));
                    BackwardRow(from.Read(row, buffer), dy.Read(row, buffer + width), scale, scales.Read(0, null)[row], target, sums.Write(block, null), width);
                    to.Written(row, target);
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        });
        var dweight = partial.sum([0L]).to(weight.dtype);
        grad_output.Dispose();
        return ReturnedGradients.Hand([dx.MoveToOuterDisposeScope(), dweight.MoveToOuterDisposeScope(), null, null]);
    }

    private static Tensor Forward(Tensor x, Tensor weight, float epsilon, float offset, Tensor? inverse)
    {
        var y = empty_like(x);
        var width = (int)weight.numel();
        var rows = (int)(x.numel() / width);
        Rows from = new(x, width), to = new(y, width);
        var w = Weights(weight, offset);
        var keep = inverse is null ? null : new Rows(inverse, rows).Write(0, null);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, x.numel(), block =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(2 * width);
            fixed (float* buffer = scratch, scale = w)
            {
                for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
                {
                    var target = to.Write(row, buffer + width);
                    var factor = ForwardRow(from.Read(row, buffer), scale, target, width, epsilon);
                    to.Written(row, target);
                    if (keep is not null)
                    {
                        keep[row] = factor;
                    }
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        });
        return y;
    }

    private static float[] Weights(Tensor weight, float offset)
    {
        var values = new float[weight.numel()];
        using var plain = weight.contiguous();
        fixed (float* buffer = values)
        {
            new Span<float>(new Rows(plain, values.Length).Read(0, buffer), values.Length).CopyTo(values);
        }

        for (var i = 0; offset != 0 && i < values.Length; i++)
        {
            values[i] += offset;
        }

        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static float ForwardRow(float* x, float* w, float* y, int width, float epsilon)
    {
        var factor = 1 / MathF.Sqrt((Dot(x, x, width) / width) + epsilon);
        var i = 0;
        for (var f = Vector256.Create(factor); i <= width - 8; i += 8)
        {
            (Vector256.Load(x + i) * f * Vector256.Load(w + i)).Store(y + i);
        }

        for (; i < width; i++)
        {
            y[i] = x[i] * factor * w[i];
        }

        return factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void BackwardRow(float* x, float* dy, float* w, float factor, float* dx, float* dw, int width)
    {
        var sum = Vector256<float>.Zero;
        var i = 0;
        for (; i <= width - 8; i += 8)
        {
            var product = Vector256.Load(dy + i) * Vector256.Load(x + i);
            sum += product * Vector256.Load(w + i);
            (Vector256.Load(dw + i) + (product * factor)).Store(dw + i);
        }

        var mean = Vector256.Sum(sum);
        for (; i < width; i++)
        {
            mean += dy[i] * x[i] * w[i];
            dw[i] += dy[i] * x[i] * factor;
        }

        mean = mean * factor * factor / width; // mean(g * n) / rms
        for (i = 0; i <= width - 8; i += 8)
        {
            (((Vector256.Load(dy + i) * Vector256.Load(w + i)) - (Vector256.Load(x + i) * mean)) * factor).Store(dx + i);
        }

        for (; i < width; i++)
        {
            dx[i] = ((dy[i] * w[i]) - (x[i] * mean)) * factor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static float Dot(float* a, float* b, int width)
    {
        Vector256<float> even = default, odd = default;
        var i = 0;
        for (; i <= width - 16; i += 16)
        {
            even += Vector256.Load(a + i) * Vector256.Load(b + i);
            odd += Vector256.Load(a + i + 8) * Vector256.Load(b + i + 8);
        }

        var sum = Vector256.Sum(even + odd);
        for (; i < width; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
