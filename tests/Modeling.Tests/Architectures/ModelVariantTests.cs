using System.Text.Json;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Generation;
using LamdAgent.TestKit;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Architectures;

/// <summary>Configs that are easy to misread, against what transformers makes of them (tests/golden/model-variants/README.md).</summary>
public sealed class ModelVariantTests
{
    public static TheoryData<string, int, string> Variants
    {
        get
        {
            var data = new TheoryData<string, int, string>();
            foreach (var folder in Directory.GetDirectories(Repository.Golden("model-variants")).Order(StringComparer.Ordinal))
            {
                foreach (var (i, variant) in Read(Path.GetFileName(folder)).Index())
                {
                    data.Add(Path.GetFileName(folder), i, variant.GetProperty("name").GetString()!);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_config_means_what_it_means_to_transformers(string family, int index, string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var golden = new GoldenTensors(Repository.Golden("model-variants", family, "expected.safetensors"));
        File.Copy(Repository.Golden("model-variants", family, "model.safetensors"), folder["model.safetensors"]);
        File.WriteAllText(folder["config.json"], Read(family)[index].GetProperty("config").GetRawText());
        var ids = golden["input_ids"];
        foreach (var fused in new[] { true, false })
        {
            using var model = CausalLanguageModel.Load(folder.Path, new ModelLoading { Trainable = true, Fused = fused });

            var logits = model.Forward(ids);
            logits.squeeze(0).ShouldBeNear(golden[$"{index}.logits"], Compare.Logits, $"{name}: logits");
            Compare.NextTokenLoss(logits, ids).backward();
            var prefix = $"{index}.grad.";
            foreach (var gradient in golden.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
            {
                var piece = model.Parameters.Piece(gradient[prefix.Length..]);
                model.Parameters.Gradient!.narrow(0, piece.Offset, piece.Length).view([.. piece.Shape]).ShouldBeNear(golden[gradient], Compare.Gradient, $"{name}: {gradient}");
            }

            new TextGenerator(model).Generate([golden.Rows("input_ids")[0][..9]], new GenerationSettings { MaxNewTokens = 10 })[0].Ids.ShouldBe(golden.Ids($"{index}.new_ids"), name);
        }
    }

    // Rotary frequencies that depend on the length of a text are those of the row, whatever stands beside it; all rows cross the length at other steps.
    [Theory]
    [InlineData("llama", "dynamic beyond its length")]
    [InlineData("llama", "longrope keeps its keys beyond the length")]
    [InlineData("phi3", "longrope past its length")]
    public void A_batch_gives_what_its_rows_give_alone(string family, string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var golden = new GoldenTensors(Repository.Golden("model-variants", family, "expected.safetensors"));
        var (index, variant) = Read(family).Index().Single(v => v.Item.GetProperty("name").GetString() == name);
        File.Copy(Repository.Golden("model-variants", family, "model.safetensors"), folder["model.safetensors"]);
        File.WriteAllText(folder["config.json"], variant.GetProperty("config").GetRawText());
        using var model = CausalLanguageModel.Load(folder.Path);
        var all = golden.Rows("input_ids")[0];
        int[][] rows = [all[..6], all, all[3..14], all[..9]];

        var logits = model.Logits(TokenBatch.FromRows(rows)).split([.. rows.Select(r => (long)r.Length)]);

        logits[1].ShouldBeNear(golden[$"{index}.logits"], Compare.Logits, "the longest row");
        foreach (var i in new[] { 0, 2, 3 })
        {
            logits[i].ShouldBeNear(model.Logits(TokenBatch.FromRows([rows[i]])), Compare.Logits, $"row {i}");
        }

        var settings = new GenerationSettings { MaxNewTokens = 10 };
        var together = new TextGenerator(model).Generate(rows, settings);
        together[3].Ids.ShouldBe(golden.Ids($"{index}.new_ids"));
        for (var i = 0; i < 3; i++)
        {
            together[i].Ids.ShouldBe(new TextGenerator(model).Generate([rows[i]], settings)[0].Ids, $"row {i}");
        }
    }

    private static JsonElement[] Read(string family)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Repository.Golden("model-variants", family, "variants.json")));
        return [.. json.RootElement.EnumerateArray().Select(v => v.Clone())];
    }
}
