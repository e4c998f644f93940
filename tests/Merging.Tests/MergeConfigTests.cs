using LamdAgent.Domain;

namespace LamdAgent.Merging.Tests;

public sealed class MergeConfigTests
{
    [Theory]
    [InlineData("merge_method: tis\nmodels:\n- {model: a}\n", "x.yaml:1: merge_method: unknown value 'tis'; did you mean 'ties'?")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\nbase_modle: b\n", "x.yaml:4: unknown key 'base_modle'; did you mean 'base_model'?")]
    [InlineData("merge_method: linear\nmodels:\n- model: a\n  parameters: {wieght: 1}\n", "x.yaml:4: models[0].parameters.wieght: no merge method has a parameter 'wieght'; did you mean 'weight'?")]
    [InlineData("merge_method: linear\nmodels:\n- {modle: a}\n", "'model' is missing")]
    [InlineData("merge_method: linear\nmodels: []\n", "at least one entry")]
    [InlineData("merge_method: linear\n", "found none")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\ndtype: int8\n", "int8 is not a type to compute with")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\ndtype: flaot32\n", "unknown data type 'flaot32'")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a@main}\n", "revision")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a+b+c}\n", "'model' or 'model+adapter'")]
    [InlineData("merge_method: linear\nslices:\n- sources:\n  - {model: a, layer_range: [3, 1]}\n", "has no layers")]
    [InlineData("merge_method: linear\nslices:\n- sources:\n  - {model: a}\n", "'layer_range' is missing")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\nparameters: {weight: [a, b]}\n", "'a' is not a number")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\nparameters: {weight: []}\n", "at least one number")]
    [InlineData("merge_method: linear\nmodels:\n- {model: a}\n---\nmerge_method: linear\nmodels:\n- {model: a}\n", "may do without a 'name'")]
    public void A_mistake_is_named_with_its_line(string yaml, string complaint) =>
        Should.Throw<InvalidInputException>(() => MergeConfig.Parse(yaml, "x.yaml")).Message.ShouldContain(complaint);

    [Fact]
    public void Mergekits_long_forms_are_read()
    {
        var config = MergeConfig.Parse(
            """
            merge_method: ties
            base_model: {model: {path: base}}
            modules:
              default:
                slices:
                - sources:
                  - model: {model: {path: a}, lora: {path: extra}}
                    layer_range: [0, 2]
                  - {model: base, layer_range: [0, 2]}
                  parameters: {weight: 0.5}
            tokenizer:
              source: union
              pad_to_multiple_of: 8
              tokens:
                "<pad>": {source: {kind: zero}}
                "<x>": {source: {kind: model_token, model: a, token: "<y>"}, force: true}
                "<z>": {source: a}
            chat_template: chatml
            dtype: bfloat16
            out_dtype: float16
            """,
            "x.yaml");

        config.BaseModel.ShouldBe(new ModelReference("base"));
        config.Slices[0].Sources[0].Model.ShouldBe(new ModelReference("a", "extra"));
        config.Tokenizer!.PadToMultipleOf.ShouldBe(8);
        config.Tokenizer.Tokens["<x>"].Token.ShouldBe("<y>");
        config.Tokenizer.Tokens["<x>"].Force.ShouldBeTrue();
        config.Tokenizer.Tokens["<pad>"].IsZero.ShouldBeTrue();
        config.ModelReferences.ShouldBe([new("base"), new("a", "extra"), new("a")]);
        config.DType.ShouldBe(Checkpoints.DType.BF16);
        config.OutDType.ShouldBe(Checkpoints.DType.F16);
    }

    [Fact]
    public void Gradients_interpolate_and_the_first_filter_that_fits_wins()
    {
        var config = MergeConfig.Parse(
            "merge_method: slerp\nbase_model: a\nmodels:\n- {model: a}\nparameters:\n  t:\n  - {filter: self_attn, value: [0, 1]}\n  - {filter: attn, value: 9}\n  - {filter: mlp, value: 0.5}\n", "x.yaml");

        config.Parameters.Evaluate("t", "model.layers.1.self_attn.q_proj.weight", 0.25).ShouldBe(0.25);
        config.Parameters.Evaluate("t", "model.layers.1.self_attn.q_proj.weight", 1).ShouldBe(1);
        config.Parameters.Evaluate("t", "model.layers.1.mlp.up_proj.weight", 0.25).ShouldBe(0.5);
        config.Parameters.Evaluate("t", "model.norm.weight", 0).ShouldBeNull();
    }

    [Fact]
    public void Json_records_what_was_read()
    {
        var config = MergeConfig.Parse("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: [0.5, 1]}}\nout_dtype: float32\nseed: 3\n", "x.yaml");

        config.ToJson().GetRawText().ShouldBe("""{"merge_method":"linear","models":[{"model":"a","parameters":{"weight":[0.5,1]}}],"out_dtype":"float32","seed":3}""");
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    public void Names_do_not_lead_out_of_the_models_folder(string name) =>
        Should.Throw<InvalidInputException>(() => MergeOptions.BelowFolder("/models")(name));
}
