using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Vocabularies, tied embeddings, chains of merges, and what is refused.</summary>
public sealed class MergeInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Later_merges_use_the_results_of_earlier_ones()
    {
        TinyModel.WriteVector(_folder["a"], 1, 2);
        TinyModel.WriteVector(_folder["b"], 3, 4);

        var merged = TinyModel.MergeVector(
            _folder.Path,
            "name: half\nmerge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n- {model: b, parameters: {weight: 1}}\n---\nmerge_method: linear\nmodels:\n- {model: half, parameters: {weight: 1}}\n- {model: b, parameters: {weight: 1}}\n");

        merged.ShouldBe([2.5f, 3.5f]);
    }

    [Fact]
    public void Rows_are_mapped_by_token_and_missing_ones_filled_by_the_rules()
    {
        WriteEmbedding("base", ["<unk>", "x", "y"], [0, 0, 1, 1, 2, 2]);
        WriteEmbedding("a", ["<unk>", "y", "x", "new"], [10, 10, 12, 12, 11, 11, 13, 13]);
        var models = "models:\n- {model: base, parameters: {weight: 1}}\n- {model: a, parameters: {weight: 1}}\n";

        // base has no 'new': it takes a's row, so the mean is a's row. The fifth and sixth rows are padding: the mean of each model's four.
        TinyModel.Merge(_folder.Path, _folder["m"], $"merge_method: linear\nbase_model: base\n{models}tokenizer: {{source: union, pad_to_multiple_of: 6}}\n");

        TinyModel.ReadTensor(_folder["m"], "model.embed_tokens.weight").ShouldBe([5, 5, 6, 6, 7, 7, 13, 13, 7.75f, 7.75f, 7.75f, 7.75f]);
        ModelConfig.Read(_folder["m"]).VocabSize.ShouldBe(6);
        Tokenizers.ReadVocabulary(_folder["m"])["new"].ShouldBe(3);
    }

    [Fact]
    public void Tokens_can_be_given_a_source_of_their_own()
    {
        WriteEmbedding("base", ["<unk>", "x", "y"], [0, 0, 1, 1, 2, 2]);
        WriteEmbedding("a", ["<unk>", "x", "z"], [10, 10, 11, 11, 12, 12]);

        TinyModel.Merge(
            _folder.Path,
            _folder["m"],
            """
            merge_method: linear
            base_model: base
            models:
            - {model: base, parameters: {weight: 1}}
            - {model: a, parameters: {weight: 1}}
            tokenizer:
              source: base
              tokens:
                y: {source: {kind: zero}}
                x: {source: {kind: model_token, model: a, token: z}, force: true}
            """);

        // y: base has its own row 2, a takes zeros. x: both take a's row of z.
        TinyModel.ReadTensor(_folder["m"], "model.embed_tokens.weight").ShouldBe([5, 5, 12, 12, 1, 1]);
    }

    [Fact]
    public void A_tokenizer_with_more_ids_than_the_embedding_has_rows_does_not_fit()
    {
        WriteEmbedding("base", ["<unk>", "x", "y"], [0, 0, 1, 1]);
        WriteEmbedding("a", ["<unk>", "x"], [0, 0, 1, 1]);

        Should.Throw<InvalidInputException>(() => TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nbase_model: base\nmodels:\n- {model: base, parameters: {weight: 1}}\n- {model: a, parameters: {weight: 1}}\ntokenizer_source: union\n"))
            .Message.ShouldContain("does not fit the model");
    }

    [Fact]
    public void A_chat_template_is_set_where_loaders_look()
    {
        TinyModel.WriteVector(_folder["a"], 1);

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\nchat_template: chatml\n");

        File.ReadAllText(_folder["m", "chat_template.jinja"]).ShouldContain("<|im_start|>");
        Should.Throw<InvalidInputException>(() => TinyModel.Merge(_folder.Path, _folder["n"], "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\nchat_template: chatlm\n"))
            .Message.ShouldContain("did you mean 'chatml'?");
    }

    [Fact]
    public void A_written_output_layer_is_not_tied()
    {
        TinyModel.Write(_folder["tied"], [("model.embed_tokens.weight", [2, 2], [1, 2, 3, 4]), ("model.layers.0.w", [1], [1])], tied: true, vocabulary: 2);
        TinyModel.Write(_folder["untied"], [("model.embed_tokens.weight", [2, 2], [1, 2, 3, 4]), ("model.layers.0.w", [1], [1]), ("lm_head.weight", [2, 2], [5, 6, 7, 8])], vocabulary: 2);

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nmodels:\n- {model: tied, parameters: {weight: 1}}\n- {model: untied, parameters: {weight: 1}}\n");

        TinyModel.ReadTensor(_folder["m"], "lm_head.weight").ShouldBe([3, 4, 5, 6]);
        ModelConfig.Read(_folder["m"]).TieWordEmbeddings.ShouldBeFalse();
    }

    [Fact]
    public void Unlike_models_are_refused_by_the_tensors_name()
    {
        TinyModel.Write(_folder["a"], [("model.layers.0.w", [2], [1, 2]), ("model.layers.0.b", [1], [1])]);
        TinyModel.Write(_folder["b"], [("model.layers.0.w", [2], [1, 2])]);
        TinyModel.Write(_folder["c"], [("model.layers.0.w", [2], [1, 2])], modelType: "qwen2");

        Refusal("a", "b").ShouldContain("model.layers.0.b");
        Refusal("b", "c").ShouldContain("llama");
        Directory.Exists(_folder["m"]).ShouldBeFalse();

        string Refusal(string x, string y) => Should.Throw<InvalidInputException>(() => TinyModel.Merge(
            _folder.Path, _folder["m"], $"merge_method: linear\nmodels:\n- {{model: {x}, parameters: {{weight: 1}}}}\n- {{model: {y}, parameters: {{weight: 1}}}}\n")).Message;
    }

    [Fact]
    public void Float64_and_float16_are_computed_as_the_config_says()
    {
        TinyModel.Write(_folder["a"], [("model.layers.0.w", [3], [1, 0.1f, 3])], DType.F64);
        TinyModel.Write(_folder["b"], [("model.layers.0.w", [3], [2, 0.3f, 5])], DType.F16);
        var models = "models:\n- {model: a, parameters: {weight: 1}}\n- {model: b, parameters: {weight: 1}}\n";

        TinyModel.Merge(_folder.Path, _folder["wide"], $"merge_method: linear\n{models}");
        TinyModel.Merge(_folder.Path, _folder["half"], $"merge_method: linear\n{models}dtype: float16\n");

        using (var wide = Checkpoint.Open(_folder["wide"]))
        {
            wide.Tensor("model.layers.0.w").DType.ShouldBe(DType.F64);
            GoldenMerge.Values(wide.Tensor("model.layers.0.w"))[1].ShouldBe((0.1f + (double)(Half)0.3f) / 2, 1e-12);
        }

        ModelConfig.Read(_folder["half"]).DType.ShouldBe(DType.F16);
        TinyModel.ReadTensor(_folder["half"], "model.layers.0.w")[1].ShouldBe((float)(Half)((float)(Half)((float)(Half)0.1f + (float)(Half)0.3f) / 2));
    }

    [Fact]
    public void Shards_hold_the_same_model()
    {
        TinyModel.Write(_folder["a"], [("model.layers.0.v", [3], [1, 2, 3]), ("model.layers.0.w", [2], [4, 5])]);
        var config = MergeConfig.Parse("merge_method: passthrough\nmodels:\n- {model: a}\n", "x.yaml");

        MergeEngine.Run(config, new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(_folder.Path), MaxShardBytes = 12 });

        File.Exists(_folder["m", "model-00002-of-00002.safetensors"]).ShouldBeTrue();
        TinyModel.ReadTensor(_folder["m"], "model.layers.0.w").ShouldBe([4, 5]);
        ModelManifest.Read(_folder["m"]).FindChangedFiles(_folder["m"]).ShouldBeEmpty();
    }

    [Fact]
    public void Each_tower_of_a_model_has_its_own_layers()
    {
        foreach (var (name, value) in new[] { ("a", 2f), ("b", 4f) })
        {
            var layers = Enumerable.Range(0, 3).Select(i => ($"vision.encoder.layers.{i}.v", new long[] { 1 }, new[] { value }));
            TinyModel.Write(_folder[name], [("language.model.layers.0.w", [1], [value]), .. layers]);
        }

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: [1, 0]}}\n- {model: b, parameters: {weight: [0, 1]}}\nparameters: {normalize: false}\n");

        // A gradient runs over the layers of each; a single layer is the end of it.
        TinyModel.ReadTensor(_folder["m"], "language.model.layers.0.w").ShouldBe([4]);
        Enumerable.Range(0, 3).SelectMany(i => TinyModel.ReadTensor(_folder["m"], $"vision.encoder.layers.{i}.v")).ShouldBe([2, 3, 4]);
    }

    [Fact]
    public void Parents_are_recorded_by_content()
    {
        TinyModel.WriteVector(_folder["a"], 1, 2);
        var config = MergeConfig.Parse("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n", "x.yaml");
        var options = new MergeOptions { Output = _folder["one"], Resolve = MergeOptions.BelowFolder(_folder.Path), DigestInputs = true, Id = "m-1" };

        var one = MergeEngine.Run(config, options).Manifest;
        var two = MergeEngine.Run(
            MergeConfig.Parse("merge_method: linear\nmodels:\n- {model: one, parameters: {weight: 1}}\n", "x.yaml"), options with { Output = _folder["two"], DigestInputs = false }).Manifest;

        one.Parents.ShouldBe([new ModelParent("a", ModelManifest.DigestOf(ContentDigest.OfFolder(_folder["a"])))]);
        two.Parents.ShouldBe([new ModelParent("m-1", one.Digest)]);
    }

    [Fact]
    public void A_cancelled_merge_leaves_nothing()
    {
        TinyModel.WriteVector(_folder["a"], 1, 2);
        var config = MergeConfig.Parse("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n", "x.yaml");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Should.Throw<OperationCanceledException>(() => MergeEngine.Run(
            config, new MergeOptions { Output = _folder["out", "m"], Resolve = MergeOptions.BelowFolder(_folder.Path) }, null, cancelled.Token));

        Directory.EnumerateFileSystemEntries(_folder["out"]).ShouldBeEmpty();
    }

    [Fact]
    public void A_disk_that_fills_up_leaves_nothing_half_written()
    {
        TinyModel.Write(_folder["a"], [("model.layers.0.w", [3_000_000], new float[3_000_000])]);
        var config = MergeConfig.Parse("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n", "x.yaml");

        var error = Should.Throw<InvalidInputException>(() => MergeEngine.Run(
            config, new MergeOptions { Output = _folder["out", "m"], Resolve = MergeOptions.BelowFolder(_folder.Path), CreateFile = path => new FullDisk(File.Create(path), 5_000_000) }));

        error.Message.ShouldContain("the disk is full");
        Directory.EnumerateFileSystemEntries(_folder["out"]).ShouldBeEmpty();
    }

    [Fact]
    public void Configs_tell_whether_models_fit_together()
    {
        var llama = ModelConfig.Read(Repository.Golden("models", "llama-tied"));
        var other = ModelConfig.Read(Repository.Golden("models", "qwen2"));

        MergeCompatibility.FindProblem([("m-1", llama), ("m-2", llama)]).ShouldBeNull();
        MergeCompatibility.FindProblem([("m-1", llama), ("m-2", other)]).ShouldBe("m-1 and m-2 cannot be merged: their architectures differ (llama and qwen2)");
        MergeCompatibility.FindProblem([("m-1", llama), ("m-2", llama.With(vocabSize: 300))])!.ShouldContain("vocabulary sizes");
    }

    private sealed class FullDisk(Stream inner, long room) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        // As a file on a full disk does: part of the data is written, then ENOSPC.
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var fits = (int)Math.Min(buffer.Length, room - inner.Length);
            inner.Write(buffer[..fits]);
            if (fits < buffer.Length)
            {
                throw new IOException("No space left on device", 28);
            }
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private void WriteEmbedding(string name, string[] words, float[] values)
    {
        TinyModel.Write(_folder[name], [("model.embed_tokens.weight", [values.Length / 2, 2], values), ("model.layers.0.w", [1], [1])], vocabulary: values.Length / 2);
        TinyModel.WriteTokenizer(_folder[name], words);
    }
}
