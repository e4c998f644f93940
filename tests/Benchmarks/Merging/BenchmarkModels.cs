using System.Runtime.InteropServices;
using LamdAgent.Checkpoints;

namespace LamdAgent.Benchmarks.Merging;

/// <summary>
/// A base model of about 308 million bfloat16 parameters in Llama's layout and two fine-tunes of it: normal weights of scale 0.02, changes of scale 0.001
/// rounded to bfloat16 with the sum. Made from a counter, so that every run has the same bytes.
/// </summary>
internal static class BenchmarkModels
{
    private const int Hidden = 1024;
    private const int Inner = 2816;
    private const int Layers = 19;
    private const int Vocabulary = 32000;

    public static readonly string[] Names = ["base", "tuned-a", "tuned-b"];

    /// <summary>Writes the three models below a folder unless they are there.</summary>
    public static void Create(string folder)
    {
        for (var model = 0; model < Names.Length; model++)
        {
            var target = Path.Combine(folder, Names[model]);
            if (Directory.Exists(target))
            {
                continue;
            }

            using var staged = StagedFolder.Create(target);
            File.WriteAllText(staged["config.json"], $$"""
                {"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":{{Vocabulary}},"hidden_size":{{Hidden}},"intermediate_size":{{Inner}},
                "num_hidden_layers":{{Layers}},"num_attention_heads":16,"num_key_value_heads":16,"rms_norm_eps":1e-5,"torch_dtype":"bfloat16","tie_word_embeddings":false}
                """);
            var tensors = Tensors().ToList();
            using (var writer = CheckpointWriter.Create(staged.Path, tensors, hash: false, flushToDisk: false))
            {
                var seed = 0UL;
                foreach (var tensor in tensors)
                {
                    seed += 1UL << 32;
                    Write(writer, tensor, seed, model);
                }

                writer.Finish();
            }

            staged.Publish(flushToDisk: false);
        }
    }

    private static IEnumerable<TensorDeclaration> Tensors()
    {
        yield return new("model.embed_tokens.weight", DType.BF16, [Vocabulary, Hidden]);
        for (var i = 0; i < Layers; i++)
        {
            var layer = $"model.layers.{i}.";
            yield return new(layer + "input_layernorm.weight", DType.BF16, [Hidden]);
            foreach (var name in new[] { "q", "k", "v", "o" })
            {
                yield return new($"{layer}self_attn.{name}_proj.weight", DType.BF16, [Hidden, Hidden]);
            }

            yield return new(layer + "post_attention_layernorm.weight", DType.BF16, [Hidden]);
            yield return new(layer + "mlp.up_proj.weight", DType.BF16, [Inner, Hidden]);
            yield return new(layer + "mlp.gate_proj.weight", DType.BF16, [Inner, Hidden]);
            yield return new(layer + "mlp.down_proj.weight", DType.BF16, [Hidden, Inner]);
        }

        yield return new("model.norm.weight", DType.BF16, [Hidden]);
        yield return new("lm_head.weight", DType.BF16, [Vocabulary, Hidden]);
    }

    private static void Write(CheckpointWriter writer, TensorDeclaration tensor, ulong seed, int model)
    {
        var buffer = new ushort[1 << 20];
        for (var start = 0L; start < tensor.ElementCount; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.ElementCount - start));
            for (var i = 0; i < part.Length; i++)
            {
                var index = seed + (ulong)(start + i);
                var value = 0.02f * Normal(index);
                if (model > 0)
                {
                    value += 0.001f * Normal(index ^ ((ulong)model << 60));
                }

                part[i] = (ushort)((BitConverter.SingleToUInt32Bits(value) + 0x8000) >> 16);
            }

            writer.Write(tensor.Name, MemoryMarshal.AsBytes(part));
        }
    }

    // Sum of four uniform 16-bit numbers of one hash: near enough to a normal one.
    private static float Normal(ulong index)
    {
        var z = index * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        var sum = (long)(z & 0xFFFF) + (long)((z >> 16) & 0xFFFF) + (long)((z >> 32) & 0xFFFF) + (long)(z >> 48);
        return (sum - 131070f) / 37837f;
    }
}
