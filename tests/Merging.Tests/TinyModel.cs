using LamdAgent.Checkpoints;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Tests;

/// <summary>Writes model folders of a few numbers, for arithmetic that a reader can redo.</summary>
internal static class TinyModel
{
    /// <summary>A model of one layer whose only tensors are those given: name, shape, values.</summary>
    public static void Write(string folder, IEnumerable<(string Name, long[] Shape, float[] Values)> tensors, DType type = DType.F32, bool tied = false, int vocabulary = 4, string modelType = "llama")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""{"model_type":"{{modelType}}","vocab_size":{{vocabulary}},"hidden_size":2,"num_hidden_layers":1,"num_attention_heads":1,"tie_word_embeddings":{{(tied ? "true" : "false")}}}""");
        var list = tensors.ToList();
        using var writer = CheckpointWriter.Create(folder, [.. list.Select(t => new TensorDeclaration(t.Name, type, t.Shape))], flushToDisk: false);
        foreach (var (name, _, values) in list)
        {
            var bytes = new byte[values.Length * type.ByteSize()];
            ElementConversion.Write<float>(values, type, bytes);
            writer.Write(name, bytes);
        }

        writer.Finish();
    }

    /// <summary>A model whose layer has one vector.</summary>
    public static void WriteVector(string folder, params float[] values) => Write(folder, [("model.layers.0.w", [values.Length], values)]);

    /// <summary>Merges with model names below a folder and returns the one vector of the layer.</summary>
    public static float[] MergeVector(string root, string yaml)
    {
        var output = Path.Combine(root, Guid.NewGuid().ToString("N"));
        Merge(root, output, yaml);
        return ReadTensor(output, "model.layers.0.w");
    }

    public static MergeResult Merge(string root, string output, string yaml) =>
        MergeEngine.Run(MergeConfig.Parse(yaml, "test.yaml"), new MergeOptions { Output = output, Resolve = MergeOptions.BelowFolder(root), FlushToDisk = false });

    public static float[] ReadTensor(string folder, string name)
    {
        using var model = Checkpoint.Open(folder);
        return [.. GoldenMerge.Values(model.Tensor(name)).Select(v => (float)v)];
    }

    /// <summary>A tokenizer of whole words with these ids, the last ones as added special tokens.</summary>
    public static void WriteTokenizer(string folder, string[] words, params string[] special)
    {
        var vocab = string.Join(",", words.Select((w, i) => $"\"{w}\":{i}"));
        var added = string.Join(",", special.Select((w, i) => $$"""{"id":{{words.Length + i}},"content":"{{w}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), $$$"""{"version":"1.0","added_tokens":[{{{added}}}],"model":{"type":"WordLevel","vocab":{{{{vocab}}}},"unk_token":"<unk>"}}""");
    }
}
