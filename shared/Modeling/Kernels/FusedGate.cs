using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// act(gate) * up of a row [gate, up] in one pass, forward and backward, on the CPU. SiLU: s = sigmoid(x), act = x s, act' = s + act (1 - s). GELU (tanh form) is
/// x * sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3), the same formula with another argument: act' = s + 2 x s (1 - s) u'.
/// </summary>
internal sealed unsafe class FusedGate : autograd.SingleTensorFunction<FusedGate>
{
    private const int BlockRows = 32;
    private const float Slope = 1.5957691216057308f; // 2 sqrt(2 / pi)
    private const float Cubic = 0.044715f;

    public override string Name => nameof(FusedGate);

    /// <summary>Whether the activation is one that is computed here.</summary>
    public static bool Serves(Activation activation) => activation is Activation.Silu or Activation.GeluTanh;

    /// <summary>(N, 2 * inner) -> (N, inner).</summary>
    public static Tensor Run(Tensor wide, Activation activation)
    {
        if (is_grad_enabled() && wide.requires_grad)
        {
            return apply(wide, activation);
        }

        using var plain = wide.contiguous();
        return Forward(plain, activation == Activation.GeluTanh);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (wide, gelu) = (((Tensor)vars[0]).contiguous(), (Activation)vars[1] == Activation.GeluTanh);
        ctx.save_for_backward([wide]);
        ctx.save_data("gelu", gelu);
        return Forward(wide, gelu);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var wide = ctx.get_saved_variables()[0];
        var gradient = grad_output.contiguous();
        var gelu = (bool)ctx.get_data("gelu");
        var dwide = empty_like(wide);
        var (rows, inner) = ((int)wide.size(0), (int)(wide.size(1) / 2));
        Rows from = new(wide, 2 * inner), dy = new(gradient, inner), to = new(dwide, 2 * inner);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, wide.numel(), block =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(5 * inner);
            fixed (float* buffer = scratch)
            {
                for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
                {
                    var target = to.Write(row, buffer + (3 * inner));
                    BackwardRow(from.Read(row, buffer), dy.Read(row, buffer + (2 * inner)), target, inner, gelu);
                    to.Written(row, target);
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        });
        grad_output.Dispose();
        return ReturnedGradients.Hand([dwide.MoveToOuterDisposeScope(), null]);
    }

    private static Tensor Forward(Tensor wide, bool gelu)
    {
        var (rows, inner) = ((int)wide.size(0), (int)(wide.size(1) / 2));
        var y = empty([rows, inner], wide.dtype);
        Rows from = new(wide, 2 * inner), to = new(y, inner);
        KernelThreads.For((rows + BlockRows - 1) / BlockRows, wide.numel(), block =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(3 * inner);
            fixed (float* buffer = scratch)
            {
                for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
                {
                    var target = to.Write(row, buffer + (2 * inner));
                    ForwardRow(from.Read(row, buffer), target, inner, gelu);
                    to.Written(row, target);
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void ForwardRow(float* x, float* y, int inner, bool gelu)
    {
        var i = 0;
        for (; i <= inner - 8; i += 8)
        {
            var gate = Vector256.Load(x + i);
            (gate * Sigmoid(gelu ? Argument(gate) : gate) * Vector256.Load(x + inner + i)).Store(y + i);
        }

        for (; i < inner; i++)
        {
            y[i] = x[i] * Sigmoid(gelu ? Argument(x[i]) : x[i]) * x[inner + i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void BackwardRow(float* x, float* dy, float* dx, int inner, bool gelu)
    {
        var one = Vector256<float>.One;
        var i = 0;
        for (; i <= inner - 8; i += 8)
        {
            Vector256<float> gate = Vector256.Load(x + i), up = Vector256.Load(x + inner + i), d = Vector256.Load(dy + i);
            var s = Sigmoid(gelu ? Argument(gate) : gate);
            var act = gate * s;
            var slope = gelu ? Vector256.Create(Slope) + (Vector256.Create(3 * Slope * Cubic) * gate * gate) : one;
            (d * up * (s + (act * (one - s) * slope))).Store(dx + i);
            (d * act).Store(dx + inner + i);
        }

        for (; i < inner; i++)
        {
            var s = Sigmoid(gelu ? Argument(x[i]) : x[i]);
            var slope = gelu ? Slope + (3 * Slope * Cubic * x[i] * x[i]) : 1;
            dx[i] = dy[i] * x[inner + i] * (s + (x[i] * s * (1 - s) * slope));
            dx[inner + i] = dy[i] * x[i] * s;
        }
    }

    private static Vector256<float> Argument(Vector256<float> x) => x * (Vector256.Create(Slope) + (Vector256.Create(Slope * Cubic) * x * x));

    private static float Argument(float x) => x * (Slope + (Slope * Cubic * x * x));

    private static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-x));

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
