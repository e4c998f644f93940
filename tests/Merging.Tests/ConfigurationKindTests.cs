using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Configurations of the kinds that people have: what mergekit's README, guide and examples show. Each runs, or is refused with its reason.</summary>
public sealed class ConfigurationKindTests : IDisposable
{
    private const string Pair = "\nbase_model: org/base\nmodels:\n- {model: org/a, parameters: {weight: 0.5, density: 0.6}}\n- {model: org/b, parameters: {weight: 0.5, density: 0.5}}\n";
    private readonly TemporaryFolder _folder = new();

    public ConfigurationKindTests()
    {
        string[] words = ["<unk>", "x", "y", "z"];
        WriteModel("org/base", words, 1);
        WriteModel("org/a", words, 2);
        WriteModel("org/b", words, 3);
        WriteModel("org/chat", [.. words, "<start>"], 4);
    }

    public static TheoryData<string, string> Running() => new()
    {
        { "model soup", "models:\n- {model: org/a, parameters: {weight: 1.0}}\n- {model: org/b, parameters: {weight: 0.3}}\n- {model: org/base, parameters: {weight: 0.5}}\nmerge_method: linear\ndtype: float16" },
        { "one weight for all", "merge_method: linear\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {weight: 0.5, normalize: false}" },
        { "gradients and filters", "merge_method: ties\nbase_model: org/base\nmodels:\n- {model: org/a, parameters: {density: [1, 0.7, 0.5], weight: 1.0}}\n- {model: org/b, parameters: {density: 0.5, weight: [0, 0.3, 0.7, 1]}}\n- model: org/chat\n  parameters:\n    density: 0.5\n    weight:\n    - {filter: mlp, value: 0.5}\n    - {value: 0}\nparameters: {normalize: true, int8_mask: true}\ndtype: float16\ntokenizer_source: base" },
        { "gradient slerp", "slices:\n- sources:\n  - {model: org/a, layer_range: [0, 4]}\n  - {model: org/b, layer_range: [0, 4]}\nmerge_method: slerp\nbase_model: org/a\nparameters:\n  t:\n  - {filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}\n  - {filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}\n  - {value: 0.5}\ndtype: bfloat16" },
        { "layers of two models stacked", "slices:\n- sources:\n  - {model: org/a, layer_range: [0, 3]}\n- sources:\n  - {model: org/b, layer_range: [1, 4]}\nmerge_method: passthrough\ndtype: float16" },
        { "layers doubled and scaled", "slices:\n- sources: [{model: org/a, layer_range: [0, 2]}]\n- sources:\n  - model: org/a\n    layer_range: [1, 4]\n    parameters:\n      scale:\n      - {filter: o_proj, value: 0.0}\n      - {filter: down_proj, value: 0.0}\n      - {value: 1.0}\nmerge_method: passthrough" },
        { "slices with parameters and a base of their own", "merge_method: task_arithmetic\nslices:\n- base_model: org/base\n  sources:\n  - {model: org/base, layer_range: [0, 2]}\n  - {model: org/a, layer_range: [0, 2], parameters: {weight: 0.3}}\n- base_model: org/a\n  parameters: {weight: 0.7}\n  sources:\n  - {model: org/a, layer_range: [2, 4]}\n  - {model: org/b, layer_range: [2, 4]}" },
        { "fusion", "models: [{model: org/a}, {model: org/b}]\nmerge_method: arcee_fusion\nbase_model: org/a\ndtype: bfloat16" },
        { "task arithmetic", "merge_method: task_arithmetic" + Pair + "parameters: {lambda: 0.8, normalize: true}" },
        { "ties without normalization", "merge_method: ties" + Pair + "parameters: {normalize: false, int8_mask: true}\ndtype: float16" },
        { "dare ties", "merge_method: dare_ties" + Pair + "parameters: {lambda: 1.1}\ndtype: bfloat16" },
        { "dare linear", "merge_method: dare_linear" + Pair + "parameters: {rescale: false}" },
        { "della", "merge_method: della" + Pair + "parameters: {epsilon: 0.1, lambda: 1.0}" },
        { "della linear", "merge_method: della_linear" + Pair + "parameters: {epsilon: 0.05}\ndtype: float32\nout_dtype: bfloat16" },
        { "breadcrumbs", "merge_method: breadcrumbs" + Pair + "parameters: {gamma: 0.1}" },
        { "breadcrumbs ties", "merge_method: breadcrumbs_ties" + Pair + "parameters: {gamma: 0.1}" },
        { "model stock", "merge_method: model_stock\nbase_model: org/base\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {filter_wise: true}\ndtype: bfloat16" },
        { "sce", "merge_method: sce\nbase_model: org/base\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {select_topk: 0.1}" },
        { "nuslerp by rows", "merge_method: nuslerp\nbase_model: org/base\nmodels:\n- {model: org/a, parameters: {weight: 0.4}}\n- {model: org/b, parameters: {weight: 0.6}}\nparameters: {nuslerp_flatten: false, nuslerp_row_wise: true}" },
        { "multislerp", "merge_method: multislerp\nmodels:\n- {model: org/a, parameters: {weight: 0.4}}\n- {model: org/b, parameters: {weight: 0.6}}\n- {model: org/base, parameters: {weight: 0.1}}\nparameters: {normalize_weights: false}" },
        { "karcher", "merge_method: karcher\nmodels: [{model: org/a}, {model: org/b}, {model: org/base}]\nparameters: {max_iter: 5, tol: 1e-4}" },
        { "nearswap", "merge_method: nearswap\nbase_model: org/base\nmodels: [{model: org/a}]\nparameters: {t: 0.0001}" },
        { "ram", "merge_method: ramplus_tl\nbase_model: org/base\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {epsilon: 1e-5, r: 0.1, alpha: 0.2}" },
        { "union of vocabularies", "merge_method: linear\nmodels: [{model: org/a}, {model: org/chat}]\nparameters: {weight: 0.5}\ntokenizer:\n  source: union\n  tokens:\n    <start>: {source: org/chat}\n    y: {source: org/chat, force: true}\n    x:\n      source: {kind: model_token, model: org/chat, token: z}\n  pad_to_multiple_of: 8\nchat_template: auto" },
        { "legacy union", "merge_method: linear\nmodels: [{model: org/a}, {model: org/chat}]\nparameters: {weight: 0.5}\ntokenizer_source: union\nchat_template: chatml" },
        { "a model's vocabulary and a template", "merge_method: linear\nmodels: [{model: org/a}, {model: org/chat}]\nparameters: {weight: 0.5}\ntokenizer: {source: org/chat}\nchat_template: \"{{ messages }}\"" },
        { "one module", "merge_method: linear\nmodules:\n  text_decoder:\n    models: [{model: org/a, parameters: {weight: 1}}, {model: org/b, parameters: {weight: 1}}]" },
        { "the long form of a model", "merge_method: linear\nmodels:\n- {model: {model: {path: org/a}}, parameters: {weight: 1}}\n- {model: org/b, parameters: {weight: 1}}" },
        { "stages in any order", "merge_method: dare_ties\nbase_model: org/base\nmodels:\n- {model: second, parameters: {density: 0.6, weight: 0.5}}\n- {model: org/b, parameters: {density: 0.8, weight: 0.5}}\n---\nname: second\nmerge_method: slerp\nbase_model: first\nmodels: [{model: org/b}]\nparameters: {t: 0.5}\n---\nname: first\nmerge_method: linear\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {weight: 0.5}" },
    };

    public static TheoryData<string, string> Refused() => new()
    {
        { "merge_method: linear\nmodels: [{model: org/a@main}]\nparameters: {weight: 1}", "names a revision of a hub" },
        { "merge_method: linear\nmodels: [{model: {model: {path: org/a, revision: main}}}]\nparameters: {weight: 1}", "a revision is something only a hub knows" },
        { "merge_method: linear\nmodules:\n  text: {models: [{model: org/a}]}\n  vision: {models: [{model: org/b}]}\nparameters: {weight: 1}", "one module can be merged at a time" },
        { "merge_method: linear\nslices:\n- {sources: [{model: org/a, layer_range: [0, 4]}], residual_weight: 0.1}\nparameters: {weight: 1}", "residual_weight does nothing" },
        { "merge_method: linear\nmodles: [{model: org/a}]\nparameters: {weight: 1}", "'models' is missing; is 'modles' in line 2 meant to be it?" },
        { "merge_method: linear\nmodels: [{model: org/a}]\nparameters: {weight: 1}\nslerp: true", "unknown key 'slerp'" },
        { "merge_method: linear\nmodels: [{model: org/a, weight: 1}]", "unknown key 'weight'" },
        { "merge_method: linear\nmodels: [{model: org/gone}]\nparameters: {weight: 1}", "no such model folder" },
        { "merge_method: slerp\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {t: 0.5}", "slerp needs base_model" },
        { "merge_method: slerp\nbase_model: org/base\nmodels: [{model: org/a}, {model: org/b}]\nparameters: {t: 0.5}", "slerp takes 2 model(s), the base counted" },
        { "merge_method: ties\nbase_model: org/base\nmodels: [{model: org/a}]", "ties needs the parameter 'weight' for org/a" },
        { "merge_method: linear\nmodels: [{model: org/a}]\nparameters: {weight: [0.5, high]}", "'high' is not a number" },
        { "name: a\nmerge_method: linear\nmodels: [{model: b}]\n---\nname: b\nmerge_method: linear\nmodels: [{model: a}]\n---\nmerge_method: linear\nmodels: [{model: a}]", "these merges need each other: a needs b needs a" },
        { "name: a\nmerge_method: linear\nmodels: [{model: org/a}]\nparameters: {weight: 1}\n---\nmerge_method: linear\nmodels: [{model: org/b}]\nparameters: {weight: 1}", "no other merge uses 'a'" },
        { "merge_method: linear\nmodels: [{model: org/a}]\n---\nmerge_method: linear\nmodels: [{model: org/b}]", "only the merge that makes the result may do without a 'name'" },
        { "merge_method: linear\nmodels: [{model: org/a}]\nparameters: {weight: 1}\nchat_template: chatlm", "did you mean 'chatml'?" },
        { "merge_method: linear\nmodels: [{model: org/a}]\nparameters: {weight: 1}\ndtype: int8", "int8" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Running))]
    public void It_runs(string kind, string yaml)
    {
        TinyModel.Merge(_folder.Path, _folder["merged"], yaml);

        using var merged = Checkpoint.Open(_folder["merged"]);
        merged.Config.NumHiddenLayers.ShouldBe(kind switch { "layers of two models stacked" => 6, "layers doubled and scaled" => 5, _ => 4 });
        merged.InOrder.Count.ShouldBe(3 + (5 * merged.Config.NumHiddenLayers));
        merged.InOrder.SelectMany(GoldenMerge.Values).ShouldAllBe(value => double.IsFinite(value));
        merged.Tensor("model.embed_tokens.weight").Shape[0].ShouldBe(merged.Config.VocabSize);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void It_is_refused_with_a_reason_and_nothing_is_left(string yaml, string reason)
    {
        Should.Throw<InvalidInputException>(() => TinyModel.Merge(_folder.Path, _folder["merged"], yaml)).Message.ShouldContain(reason);

        Directory.EnumerateFileSystemEntries(_folder.Path).Select(e => Path.GetFileName(e)).ShouldBe(["org"]);
    }

    [Fact]
    public void A_slice_is_merged_against_its_own_base()
    {
        var yaml = Running().Single(row => row.Data.Item1 == "slices with parameters and a base of their own").Data.Item2;

        TinyModel.Merge(_folder.Path, _folder["merged"], yaml);

        foreach (var (layer, @base, model, weight) in new[] { (1, "org/base", "org/a", 0.3), (3, "org/a", "org/b", 0.7) })
        {
            var name = $"model.layers.{layer}.mlp.up_proj.weight";
            var (b, x) = (TinyModel.ReadTensor(_folder[@base], name), TinyModel.ReadTensor(_folder[model], name));
            TinyModel.ReadTensor(_folder["merged"], name).Zip(b.Zip(x)).ShouldAllBe(p => Math.Abs(p.First - (p.Second.First + (weight * (p.Second.Second - p.Second.First)))) < 1e-6);
        }
    }

    private void WriteModel(string name, string[] words, int seed)
    {
        const int Width = 8;
        var random = new Random(seed);
        var tensors = new List<(string, long[], float[])> { ("model.embed_tokens.weight", [words.Length, Width], Values(words.Length * Width)) };
        for (var layer = 0; layer < 4; layer++)
        {
            tensors.Add(($"model.layers.{layer}.input_layernorm.weight", [Width], Values(Width)));
            foreach (var part in new[] { "self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj" })
            {
                tensors.Add(($"model.layers.{layer}.{part}.weight", [Width, Width], Values(Width * Width)));
            }
        }

        tensors.Add(("model.norm.weight", [Width], Values(Width)));
        tensors.Add(("lm_head.weight", [words.Length, Width], Values(words.Length * Width)));
        TinyModel.Write(_folder[name], tensors, DType.F32, vocabulary: words.Length);
        var config = _folder[name, "config.json"];
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_hidden_layers\":1", "\"num_hidden_layers\":4", StringComparison.Ordinal));
        TinyModel.WriteTokenizer(_folder[name], words);
        File.WriteAllText(_folder[name, "chat_template.jinja"], "{{ messages }}");

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
