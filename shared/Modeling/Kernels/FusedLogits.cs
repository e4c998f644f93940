using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// What a loss over targets asks of its logits, on the CPU: log-probability of the target, entropy and the like in one pass over a row, and the gradient of log-softmax in a second. As
/// tensor operations these are a dozen trips through memory over the largest tensor of the step. Rows do not depend on each other, nor on the number of threads.
/// </summary>
internal static unsafe class FusedLogits
{
    private const int BlockRows = 8;
    private const int PartialSum = 4096; // longer sums are added up in double, so that large vocabularies lose nothing

    /// <summary>All [rows] float32.</summary>
    public sealed record Statistics(Tensor LogSums, Tensor Logps, Tensor Correct, Tensor Entropies, Tensor Means);

    /// <summary>Whether the kernel can work on these logits.</summary>
    public static bool Serves(Tensor logits) =>
        logits.device_type == DeviceType.CPU && logits.dtype == ScalarType.Float32 && logits.is_contiguous() && logits.numel() > 0;

    /// <summary>Log-sum-exp, log-probability of the target, whether it is the likeliest, entropy and mean logit of each row.</summary>
    /// <param name="logits">[rows, V].</param>
    /// <param name="targets">[rows] Int64.</param>
    public static Statistics Score(Tensor logits, Tensor targets)
    {
        var (rows, width) = ((int)logits.size(0), (int)logits.size(1));
        var result = new Statistics(Column(rows), Column(rows), Column(rows), Column(rows), Column(rows));
        for (var row = 0; row < rows; row++)
        {
            if ((ulong)Targets(targets)[row] >= (ulong)width)
            {
                throw new ArgumentOutOfRangeException(nameof(targets), Targets(targets)[row], $"not among {width} logits");
            }
        }

        float* x = Floats(logits), logSums = Floats(result.LogSums), logps = Floats(result.Logps), correct = Floats(result.Correct), entropies = Floats(result.Entropies), means = Floats(result.Means);
        var wanted = Targets(targets);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, logits.numel(), block =>
        {
            for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
            {
                var values = x + ((long)row * width);
                var largest = Largest(values, width);
                var (sum, weighted, plain) = Sums(values, width, largest);
                var target = wanted[row];
                var logSum = largest + Math.Log(sum);
                logSums[row] = (float)logSum;
                logps[row] = (float)(values[target] - logSum);
                correct[row] = values[target] == largest && new ReadOnlySpan<float>(values, (int)target).IndexOf(largest) < 0 ? 1 : 0; // of equals the first, as argmax
                entropies[row] = (float)(logSum - (weighted / sum));
                means[row] = (float)(plain / width);
            }
        });
        return result;
    }

    /// <summary>d logits = upstream * (one-hot(target) - softmax).</summary>
    /// <param name="logits">[rows, V].</param>
    /// <param name="logSums">Of <see cref="Score"/>.</param>
    /// <param name="targets">[rows] Int64.</param>
    /// <param name="upstream">Gradient with respect to the log-probabilities, [rows].</param>
    /// <param name="gradient">Where it goes, [rows, V]; the logits themselves where nobody needs them any more.</param>
    public static void Gradient(Tensor logits, Tensor logSums, Tensor targets, Tensor upstream, Tensor gradient)
    {
        var (rows, width) = ((int)logits.size(0), (int)logits.size(1));
        using var factors = upstream.contiguous();
        float* x = Floats(logits), y = Floats(gradient), sums = Floats(logSums), up = Floats(factors);
        var wanted = Targets(targets);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, logits.numel(), block =>
        {
            for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
            {
                var at = (long)row * width;
                ScaledSoftmax(x + at, y + at, width, sums[row], -up[row]);
                y[at + wanted[row]] += up[row];
            }
        });
    }

    private static Tensor Column(int rows) => empty(rows, ScalarType.Float32);

    private static float* Floats(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    private static long* Targets(Tensor tensor) => (long*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static float Largest(float* x, int width)
    {
        var i = 0;
        var largest = float.NegativeInfinity;
        if (width >= 8)
        {
            var lanes = Vector256.Load(x);
            for (i = 8; i <= width - 8; i += 8)
            {
                lanes = Vector256.Max(lanes, Vector256.Load(x + i)); // NaN stays NaN, and becomes the row's result
            }

            for (var lane = 0; lane < 8; lane++)
            {
                largest = MathF.Max(largest, lanes[lane]);
            }
        }

        for (; i < width; i++)
        {
            largest = MathF.Max(largest, x[i]);
        }

        return largest;
    }

    // Sums of exp(x - largest), of x exp(x - largest), and of x.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static (double Sum, double Weighted, double Plain) Sums(float* x, int width, float largest)
    {
        double sum = 0, weighted = 0, plain = 0;
        for (var start = 0; start < width; start += PartialSum)
        {
            Vector256<float> s = default, w = default, p = default, shift = Vector256.Create(largest);
            var end = Math.Min(width, start + PartialSum);
            var i = start;
            for (; i <= end - 8; i += 8)
            {
                var value = Vector256.Load(x + i);
                var e = Vector256.Exp(value - shift);
                s += e;
                w += e * value;
                p += value;
            }

            sum += Vector256.Sum(s);
            weighted += Vector256.Sum(w);
            plain += Vector256.Sum(p);
            for (; i < end; i++)
            {
                var e = MathF.Exp(x[i] - largest);
                sum += e;
                weighted += e * x[i];
                plain += x[i];
            }
        }

        return (sum, weighted, plain);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void ScaledSoftmax(float* x, float* y, int width, float logSum, float factor)
    {
        Vector256<float> shift = Vector256.Create(logSum), scale = Vector256.Create(factor);
        var i = 0;
        for (; i <= width - 8; i += 8)
        {
            (Vector256.Exp(Vector256.Load(x + i) - shift) * scale).Store(y + i);
        }

        for (; i < width; i++)
        {
            y[i] = MathF.Exp(x[i] - logSum) * factor;
        }
    }
}
