using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LamdAgent.Benchmarks.Training;

/// <summary>
/// The baseline: how such a loop is usually written. Modules, rows padded to the longest of the batch, all logits at once, libtorch's AdamW over the list of
/// parameters. Weights and optimizer have the computing type, without a float32 master beside bfloat16: less work than the trainer does.
/// </summary>
internal sealed class PaddedEagerLoop : Module<Tensor, Tensor>
{
    private readonly Embedding _embedding;
    private readonly ModuleList<Block> _blocks = new();
    private readonly Parameter _norm;

    public PaddedEagerLoop(BenchmarkModel model)
        : base("baseline")
    {
        _embedding = Embedding(model.Vocabulary, model.Hidden);
        init.normal_(_embedding.weight!, 0, 0.02);
        for (var i = 0; i < model.Layers; i++)
        {
            _blocks.append(new Block(model));
        }

        _norm = new Parameter(ones(model.Hidden));
        RegisterComponents();
        this.to(TrainingBenchmark.Compute);
    }

    public override Tensor forward(Tensor ids)
    {
        var x = _embedding.forward(ids);
        foreach (var block in _blocks)
        {
            x = block.forward(x);
        }

        return functional.linear(Block.Normalize(x, _norm), _embedding.weight!);
    }

    /// <summary>Useful tokens per second, step by step.</summary>
    public List<Speed> Train(IReadOnlyList<int[][]> batches)
    {
        var optimizer = optim.AdamW(parameters(), lr: 1e-4);
        var speeds = new List<Speed>();
        var laps = new Speed.Laps();
        foreach (var rows in batches)
        {
            using (NewDisposeScope())
            {
                var length = rows.Max(r => r.Length);
                var ids = rows.SelectMany(r => r.Select(i => (long)i).Concat(Enumerable.Repeat(0L, length - r.Length))).ToArray();
                var labels = rows.SelectMany(r => r.Skip(1).Select(i => (long)i).Concat(Enumerable.Repeat(-100L, length - r.Length + 1))).ToArray();
                optimizer.zero_grad();
                var logits = forward(tensor(ids, ScalarType.Int64).view(rows.Length, length));
                var loss = functional.cross_entropy(logits.view(rows.Length * length, -1).to(ScalarType.Float32), tensor(labels, ScalarType.Int64), ignore_index: -100);
                loss.backward();
                nn.utils.clip_grad_norm_(parameters(), 1.0);
                optimizer.step();
            }

            speeds.Add(laps.Lap(rows.Sum(r => r.Length)));
        }

        return speeds;
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly Linear _q, _k, _v, _o, _gate, _up, _down;
        private readonly Parameter _norm1, _norm2;
        private readonly int _heads, _keyHeads, _width;

        public Block(BenchmarkModel m)
            : base("block")
        {
            (_heads, _keyHeads, _width) = (m.Heads, m.Heads / 2, m.Hidden / m.Heads);
            (_q, _k, _v, _o) = (Linear(m.Hidden, m.Hidden, false), Linear(m.Hidden, m.Hidden / 2, false), Linear(m.Hidden, m.Hidden / 2, false), Linear(m.Hidden, m.Hidden, false));
            (_gate, _up, _down) = (Linear(m.Hidden, m.Inner, false), Linear(m.Hidden, m.Inner, false), Linear(m.Inner, m.Hidden, false));
            (_norm1, _norm2) = (new Parameter(ones(m.Hidden)), new Parameter(ones(m.Hidden)));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var (b, t) = (x.shape[0], x.shape[1]);
            var h = Normalize(x, _norm1);
            var q = Rotate(_q.forward(h).view(b, t, _heads, _width).transpose(1, 2));
            var k = Rotate(_k.forward(h).view(b, t, _keyHeads, _width).transpose(1, 2)).repeat_interleave(_heads / _keyHeads, 1);
            var v = _v.forward(h).view(b, t, _keyHeads, _width).transpose(1, 2).repeat_interleave(_heads / _keyHeads, 1);
            x = x + _o.forward(functional.scaled_dot_product_attention(q, k, v, is_casual: true).transpose(1, 2).reshape(b, t, -1));
            h = Normalize(x, _norm2);
            return x + _down.forward(functional.silu(_gate.forward(h)) * _up.forward(h));
        }

        public static Tensor Normalize(Tensor x, Tensor weight)
        {
            var wide = x.to(ScalarType.Float32);
            return (wide * rsqrt(wide.square().mean([-1], keepdim: true) + 1e-5)).to(x.dtype) * weight;
        }

        private static Tensor Rotate(Tensor x)
        {
            var half = x.shape[^1] / 2;
            var angles = arange(x.shape[2], dtype: ScalarType.Float32).unsqueeze(1) * pow(10000.0, arange(half, dtype: ScalarType.Float32) * (-1.0 / half)).unsqueeze(0);
            var (cos, sin) = (cat([angles.cos(), angles.cos()], -1).to(x.dtype), cat([angles.sin(), angles.sin()], -1).to(x.dtype));
            var parts = x.chunk(2, -1);
            return (x * cos) + (cat([-parts[1], parts[0]], -1) * sin);
        }
    }
}
