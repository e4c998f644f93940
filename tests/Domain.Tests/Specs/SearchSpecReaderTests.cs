using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Tests.Specs;

public sealed class SearchSpecReaderTests
{
    public const string Yaml = """
        name: tool-use
        goal: |
          Learn to call tools; keep following instructions.
        seed: 7
        models:
          - {id: base, path: base}
        datasets:
          - {id: tools, path: data/tools.jsonl, format: messages, description: tool calls}
          - {id: mixed, path: data/mixed.jsonl.gz, format: messages}
          - {id: pairs, path: data, split: preferences, format: preference}
        tasks:
          - {id: tools, path: tasks/tools.yaml, weight: 2}
          - {id: instructions, path: tasks/if.yaml, max_regression: 0.02}
        actions:
          sft:
            learning_rate: [1e-3, 2e-3]
            num_train_epochs: [1, 2]
            per_device_train_batch_size: 16
          linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}
          ties: {models: [2, 3], density: [0.5, 0.9]}
          slerp: {t: [0.3, 0.5]}
        planner:
          strategy: llm
          steps_in_flight: 2
          llm: {endpoint: http://localhost:8080/v1, model: qwen, api_key: "${LAMD_KEY}", timeout: 30s}
        budget: {steps: 12, wall_time: 1h30m, llm_tokens: 50000}
        fidelity: {data_fraction: 0.5}
        gates: {max_regression: 0.1}
        """;

    private static SearchSpec Parse(string yaml) => SearchSpecReader.Parse(yaml, "search.yaml", "/runs/x");

    [Fact]
    public void A_whole_spec_is_read()
    {
        var spec = Parse(Yaml);

        spec.Name.ShouldBe("tool-use");
        spec.Models[0].Path.ShouldBe("/runs/x/base");
        spec.Datasets[2].Path.ShouldBe("/runs/x/data/preferences.jsonl");
        spec.Tasks[0].Weight.ShouldBe(2);
        spec.RegressionLimit(spec.Tasks[0]).ShouldBe(0.1);
        spec.RegressionLimit(spec.Tasks[1]).ShouldBe(0.02);
        spec.Planner.StepsInFlight.ShouldBe(2);
        spec.Planner.Llm!.ApiKeyVariable.ShouldBe("LAMD_KEY");
        spec.Planner.Llm.Timeout.ShouldBe(TimeSpan.FromSeconds(30));
        spec.Budget.WallTime.ShouldBe(TimeSpan.FromMinutes(90));
        spec.DataFraction.ShouldBe(0.5);

        var sft = spec.Actions[0];
        sft.Kind.ShouldBe(ActionKind.Train);
        sft.Datasets.ShouldBe(["tools", "mixed"]);
        sft.ParameterSets.Select(s => s.Describe()).ShouldBe([
            "learning_rate=1e-3, num_train_epochs=1", "learning_rate=1e-3, num_train_epochs=2",
            "learning_rate=2e-3, num_train_epochs=1", "learning_rate=2e-3, num_train_epochs=2"]);
        sft.ParameterSets[3].Values["per_device_train_batch_size"].ShouldBe("16");

        var linear = spec.Actions[1];
        linear.ParameterSets.Select(s => (s.Values["weight"], s.ModelCount, s.Ordered)).ShouldBe([("[0.5, 0.5]", 2, false), ("[0.7, 0.3]", 2, true)]);
        spec.Actions[2].Base.ShouldBe(MergeBase.CommonAncestor);
        spec.Actions[2].ModelCounts.ShouldBe([2, 3]);
        spec.Actions[2].ParameterSets[0].Values.ShouldContainKeyAndValue("weight", "1.0");
        spec.Actions[3].ParameterSets.Select(s => s.Ordered).ShouldBe([true, false]);

        spec.Reference!.Datasets.ShouldBe(["tools", "mixed"]);
        spec.Reference.Parameters["learning_rate"].ShouldBe("1e-3");
    }

    [Fact]
    public void A_merge_parameter_may_be_a_gradient_over_the_layers()
    {
        var spec = Parse(Yaml
            .Replace("{t: [0.3, 0.5]}", "{t: [[0, 0.5, 1], 0.5]}", StringComparison.Ordinal)
            .Replace("weight: [[0.5, 0.5], [0.7, 0.3]]", "weight: [[[0.2, 0.8], [0.8, 0.2]], [[0.2, 0.8], 0.5], [[0.3, 0.9]]]", StringComparison.Ordinal)
            .Replace("density: [0.5, 0.9]", "density: [[[0.2, 0.9]], [[0.2, 0.9], [0.9, 0.2], 0.5]]", StringComparison.Ordinal));

        spec.Actions[3].ParameterSets.Select(s => (s.Values["t"], s.Ordered)).ShouldBe([("[0, 0.5, 1]", true), ("0.5", false)]);
        spec.Actions[1].ParameterSets.Select(s => (s.Values["weight"], s.ModelCount, s.Ordered)).ShouldBe([
            ("[[0.2, 0.8], [0.8, 0.2]]", 2, true), ("[[0.2, 0.8], 0.5]", 2, true), ("[[0.3, 0.9]]", null, false)]);
        spec.Actions[2].ParameterSets.Select(s => s.ModelCount).ShouldBe([null, 3]);
    }

    [Fact]
    public void Without_an_sft_there_is_no_reference_and_it_can_be_switched_off()
    {
        Parse(Yaml + "\nreference: off").Reference.ShouldBeNull();
        Parse(Yaml + "\nreference: {num_train_epochs: 3, datasets: [mixed]}").Reference!.Parameters["num_train_epochs"].ShouldBe("3");
    }

    [Theory]
    [InlineData("seed: 7", "sead: 7", "search.yaml:4: unknown key 'sead'; did you mean 'seed'?")]
    [InlineData("{id: base, path: base}", "{id: base, pth: base}", "search.yaml:6: models[0]: 'path' is missing")]
    [InlineData("format: messages, description", "format: mesages, description", "search.yaml:8: datasets[0].format: unknown value 'mesages'; did you mean 'messages'?")]
    [InlineData("  sft:", "  reward:", "search.yaml:15: actions: 'reward' makes a model that scores answers instead of writing them")]
    [InlineData("  sft:", "  sfft:", "search.yaml:15: actions: unknown action type 'sfft'; did you mean 'sft'?")]
    [InlineData("  sft:\n", "  sft:\n    datasets: [tols]\n", "search.yaml:16: actions.sft.datasets[0]: unknown dataset 'tols'; did you mean 'tools'?")]
    [InlineData("  sft:\n", "  sft:\n    datasets: [pairs]\n", "search.yaml:16: actions.sft.datasets[0]: dataset 'pairs' has rows of format preference; sft reads messages, prompt_completion, tokens, text")]
    [InlineData("learning_rate: [1e-3, 2e-3]", "learning_rat: [1e-3, 2e-3]", "search.yaml:16: actions.sft: unknown key 'learning_rat'; did you mean 'learning_rate'?")]
    [InlineData("learning_rate: [1e-3, 2e-3]", "learning_rate: [1e-3, fast]", "search.yaml:16: actions.sft.learning_rate[1]: 'fast' is not a number")]
    [InlineData("learning_rate: [1e-3, 2e-3]", "beta: 0.1", "search.yaml:16: 'beta' has no meaning for method 'sft' (it is for")]
    [InlineData("learning_rate: [1e-3, 2e-3]", "model: other", "search.yaml:16: actions.sft: 'model' is set by the search itself and cannot stand here")]
    [InlineData("density: [0.5, 0.9]", "density: [0.5, 1.9]", "search.yaml:20: actions.ties.density[1]: 1.9 is out of range (0 to 1)")]
    [InlineData("density: [0.5, 0.9]", "densty: 0.5", "search.yaml:20: actions.ties: unknown key 'densty'; did you mean 'density'?")]
    [InlineData("[0.7, 0.3]]", "[0.7, 0.2, 0.1]]", "search.yaml:19: actions.linear.weight[1]: has 3 values, one per model, but this merge takes 2 models")]
    [InlineData("slerp: {t: [0.3, 0.5]}", "slerp: {t: [[0.3]]}", "search.yaml:21: actions.slerp.t[0]: a gradient over the layers needs at least two values")]
    [InlineData("slerp: {t: [0.3, 0.5]}", "slerp: {t: [[0, 1.5]]}", "search.yaml:21: actions.slerp.t[0][1]: 1.5 is out of range (0 to 1)")]
    [InlineData("slerp: {t: [0.3, 0.5]}", "task_arithmetic: {normalize: [[true, false]]}", "search.yaml:21: actions.task_arithmetic.normalize[0]: 'normalize' is one value for the whole model and cannot change from layer to layer")]
    [InlineData("slerp: {t: [0.3, 0.5]}", "karcher: {max_iter: [[5, 10]]}", "search.yaml:21: actions.karcher.max_iter[0]: 'max_iter' is one value for the whole model")]
    [InlineData("slerp: {t: [0.3, 0.5]}", "ties_paper: {density: [[[0.2, 0.5]]]}", "search.yaml:21: actions.ties_paper.density[0][0]: 'density' is one value for the whole model")]
    [InlineData("  sft:\n", "  sft:\n    lora: {r: 8, merge: false}\n", "search.yaml:16: actions.sft.lora.merge: the models of a search are whole")]
    [InlineData("slerp: {t:", "slerp: {models: 3, t:", "search.yaml:21: actions.slerp.models: 3 is out of range")]
    [InlineData("strategy: llm", "strategy: magic", "search.yaml:23: planner.strategy: unknown value 'magic'")]
    [InlineData("\"${LAMD_KEY}\"", "sk-secret", "search.yaml:25: planner.llm.api_key: a key never stands in a spec; write ${NAME} and set the environment variable NAME")]
    [InlineData("path: data/tools.jsonl", "path: \"${HOME}\"", "search.yaml:8: datasets[0].path: environment variables are for secrets only")]
    [InlineData("1h30m", "soon", "search.yaml:26: budget.wall_time: 'soon' is not a length of time; write for instance 90s, 5m, 1h30m")]
    [InlineData("id: mixed", "id: tools", "search.yaml:9: datasets[1].id: the id 'tools' is there twice")]
    [InlineData("id: mixed", "id: ../mixed", "search.yaml:9: datasets[1].id: '../mixed' cannot be an id")]
    [InlineData("budget: {steps: 12", "budget: {steps: 0", "search.yaml:26: budget.steps: 0 is out of range (1 to 1000000)")]
    [InlineData("name: tool-use", "name: Tool use", "search.yaml:1: name: 'Tool use' cannot be a name")]
    public void What_is_wrong_is_said_with_its_line(string right, string wrong, string message)
    {
        Yaml.ShouldContain(right);
        var error = Should.Throw<InvalidInputException>(() => Parse(Yaml.Replace(right, wrong, StringComparison.Ordinal)));
        error.Message.ShouldStartWith(message);
        error.Message.ShouldNotContain("sk-secret");
        error.Message.ShouldNotContain("\n");
    }

    [Fact]
    public void Nothing_that_could_be_done_is_an_error()
    {
        var yaml = """
            name: x
            models: [{id: a, path: a}]
            tasks: [{id: t, path: t.yaml}]
            actions: {linear: {weight: 1}}
            budget: {steps: 1}
            """;
        Should.Throw<InvalidInputException>(() => Parse(yaml)).Message.ShouldContain("with one model and no training nothing can be made");
        Should.Throw<InvalidInputException>(() => Parse(yaml.Replace("linear: {weight: 1}", "sft: {}", StringComparison.Ordinal))).Message.ShouldContain("no dataset fits sft");
    }
}
