using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.TestKit;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Adapters;

/// <summary>Folders that PEFT wrote (tests/golden/peft/README.md).</summary>
public sealed class PeftFolderTests
{
    public static TheoryData<string> Folders =>
        [.. Directory.GetDirectories(Repository.Golden("peft")).Select(f => Path.GetFileName(f)).Where(n => n != "olora").Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Logits_are_pefts_loaded_saved_again_and_merged(string name)
    {
        using var scope = NewDisposeScope();
        using var copy = new TemporaryFolder();
        using var golden = new GoldenTensors(Repository.Golden("peft", name, "expected.safetensors"));
        var ids = golden["input_ids"];
        using (var model = Base(name))
        {
            using var adapters = LoraAdapters.Load(model, Repository.Golden("peft", name));
            Last(model, ids).ShouldBeNear(golden["logits"], Compare.Logits, "logits");
            adapters.Save(copy.Path, name);
        }

        using var again = Base(name);
        using var loaded = LoraAdapters.Load(again, copy.Path);
        Last(again, ids).ShouldBeNear(golden["logits"], Compare.Logits, "saved again");
        loaded.Merge();
        Last(again, ids).ShouldBeNear(golden["merged_logits"], Compare.Logits, "merged");
    }

    [Fact]
    public void An_adapter_that_changed_its_base_is_refused()
    {
        using var model = Base("olora");
        Should.Throw<InvalidInputException>(() => LoraAdapters.Load(model, Repository.Golden("peft", "olora"))).Message.ShouldContain("init_lora_weights 'olora' changes the base model's weights");
    }

    [Fact]
    public void What_settings_mean_is_what_peft_means()
    {
        var lora = new LoraConfiguration { Rank = 4, Alpha = 8, TargetModules = ["q_proj", "model.layers.3.mlp.up_proj"], LayersToTransform = [1], LayersPattern = ["layers"] };
        lora.Targets("model.layers.1.self_attn.q_proj").ShouldBeTrue();
        lora.Targets("model.layers.2.self_attn.q_proj").ShouldBeFalse();
        lora.Targets("model.layers.11.self_attn.q_proj").ShouldBeFalse();
        lora.Targets("model.layers.3.mlp.up_proj").ShouldBeTrue("a whole name counts in any layer");
        (lora with { ExcludeModules = ["self_attn.q_proj"] }).Targets("model.layers.1.self_attn.q_proj").ShouldBeFalse();
        (lora with { RankPattern = new Dictionary<string, int> { [@"layers\.[01]\..*"] = 2, ["q_proj"] = 3 } }).ScaleOf("model.layers.1.self_attn.q_proj").ShouldBe(4);
        Should.Throw<InvalidInputException>(() => (lora with { TargetModules = ["(q_proj"] }).Targets("x")).Message.ShouldContain("(q_proj");
    }

    private static Tensor Last(CausalLanguageModel model, Tensor ids) => model.Forward(ids).select(1, -1);

    private static CausalLanguageModel Base(string name) => CausalLanguageModel.Load(Repository.Golden(
        "models", JsonDocument.Parse(File.ReadAllText(Repository.Golden("peft", name, "case.json"))).RootElement.GetProperty("base").GetString()!));
}
