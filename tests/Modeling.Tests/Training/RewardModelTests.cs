using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Scoring;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class RewardModelTests
{
    // The hidden states are transformers' own; the head on top of them is one product.
    [Theory]
    [InlineData("llama-tied")]
    [InlineData("gpt2")]
    [InlineData("gemma2")]
    [InlineData("phi3")]
    public void The_reward_is_the_head_at_the_last_token_that_is_no_padding(string name)
    {
        var folder = Repository.Golden("models", name);
        using var golden = new GoldenTensors(Path.Combine(folder, "expected.safetensors"));
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.LoadRewardModel(folder, new ModelLoading(), newHeadSeed: 3);
        var head = model.Parameters.View(model.Parameters.Piece("score.weight")).clone();
        head.shape.ShouldBe([1, model.Spec.HiddenSize]);
        head.std().item<float>().ShouldBe((float)model.Spec.InitializerRange, 0.3f * (float)model.Spec.InitializerRange);
        var states = golden[$"hidden.{model.Spec.Layers}"];
        var ids = golden.Rows("input_ids")[0];
        var expected = states.mm(head.t()).squeeze(-1).data<float>().ToArray();

        // Whole, shorter, with padding behind (known by its id, 0), and beside others in one batch.
        var rewards = new RewardScorer(model).Score([ids, ids[..7], [.. ids[..9], 0, 0, 0], ids[..1]]);
        (int Row, int Place)[] places = [(0, ids.Length - 1), (1, 6), (2, 8), (3, 0)];
        foreach (var (row, place) in places)
        {
            rewards[row].ShouldBe(expected[place], 1e-4, $"row {row}");
        }
    }

    [Fact]
    public void Training_separates_the_pairs_and_writes_what_transformers_reads()
    {
        using var folder = new TemporaryFolder();
        var data = TestTraining.Data("dpo");
        TestTraining.Run(
            TestTraining.Recipe($"method: reward\nlearning_rate: 2e-3\nmax_steps: 16\nper_device_train_batch_size: 8\ncenter_rewards_coefficient: 0.01\neval_dataset: {data}\neval_steps: 8"), folder["out"]);
        foreach (var metric in (string[])["accuracy", "margin", "min_reward", "mean_reward", "max_reward", "eval_loss", "eval_accuracy"])
        {
            TestTraining.Metric(folder["out"], metric).ShouldNotBeEmpty(metric);
        }

        TestTraining.Metric(folder["out"], "loss")[0].ShouldBe(Math.Log(2), 0.1); // a new head says next to nothing
        TestTraining.Metric(folder["out"], "eval_accuracy")[^1].ShouldBeGreaterThan(0.9);

        var config = JsonNode.Parse(File.ReadAllText(folder["out", "config.json"]))!;
        config["architectures"]![0]!.GetValue<string>().ShouldBe("LlamaForSequenceClassification");
        config["id2label"]!.AsObject().Count.ShouldBe(1);
        config["pad_token_id"]!.GetValue<int>().ShouldBe(0);
        using var before = Checkpoint.Open(TestTraining.Model);
        using var after = Checkpoint.Open(folder["out"]);
        after.Tensors.Keys.Order().ShouldBe(before.Tensors.Keys.Where(k => k != "lm_head.weight").Append("score.weight").Order());
        after.Tensor("score.weight").Shape.ShouldBe([1, after.Config.HiddenSize]);

        using (var model = CausalLanguageModel.LoadRewardModel(folder["out"], new ModelLoading()))
        {
            var scores = new RewardScorer(model).Score([[5, 6, 7], [8, 9]]);
            scores[0].ShouldNotBe(scores[1]);
        }

        // It goes on from its own head, and is no language model.
        TestTraining.Run(TestTraining.Recipe("method: reward\nlearning_rate: 1e-4\nmax_steps: 1\nper_device_train_batch_size: 8"), folder["again"], model: folder["out"]);
        TestTraining.Metric(folder["again"], "accuracy")[0].ShouldBeGreaterThan(0.8);
        Should.Throw<InvalidInputException>(() => CausalLanguageModel.Load(folder["out"])).Message.ShouldContain("is a reward model");
        Should.Throw<InvalidInputException>(() => TestTraining.Run(TestTraining.Recipe("method: sft\nmax_steps: 1"), folder["sft"], model: folder["out"])).Message.ShouldContain("is a reward model");
        Should.Throw<InvalidInputException>(() => CausalLanguageModel.LoadRewardModel(TestTraining.Model, new ModelLoading())).Message.ShouldContain("is a language model");
    }

    [Fact]
    public void Accumulation_and_margins_count_as_in_one_batch()
    {
        using var folder = new TemporaryFolder();
        var rows = File.ReadLines(TestTraining.Data("dpo")).Take(8).Select((line, i) =>
        {
            var row = JsonNode.Parse(line)!.AsObject();
            row["margin"] = 0.25 * (i % 3);
            return row.ToJsonString();
        });
        File.WriteAllLines(folder["rows.jsonl"], rows);
        var common = $"method: reward\nlearning_rate: 1e-3\nmax_steps: 3\nshuffle: false\nprecision: float32\ndataset: {folder["rows.jsonl"]}\n";
        TestTraining.Run(TestTraining.Recipe(common + "per_device_train_batch_size: 8"), folder["big"]);
        TestTraining.Run(TestTraining.Recipe(common + "per_device_train_batch_size: 2\ngradient_accumulation_steps: 4"), folder["small"]);
        var (big, small) = (TestTraining.Metric(folder["big"], "loss"), TestTraining.Metric(folder["small"], "loss"));
        big[0].ShouldBeGreaterThan(Math.Log(2) + 0.05); // the margins ask for more than the start gives
        for (var i = 0; i < big.Length; i++)
        {
            small[i].ShouldBe(big[i], 1e-5);
        }
    }

    [Fact]
    public void Adapters_of_a_reward_model_carry_its_head()
    {
        using var folder = new TemporaryFolder();
        const string yaml = "method: reward\nlearning_rate: 1e-2\nmax_steps: 6\nper_device_train_batch_size: 8\nprecision: float32\nlora: {r: 4, merge: MERGE}";
        TestTraining.Run(TestTraining.Recipe(yaml.Replace("MERGE", "false", StringComparison.Ordinal)), folder["adapter"]);
        TestTraining.Run(TestTraining.Recipe(yaml.Replace("MERGE", "true", StringComparison.Ordinal)), folder["merged"]);
        var peft = JsonNode.Parse(File.ReadAllText(folder["adapter", "adapter_config.json"]))!;
        peft["task_type"]!.GetValue<string>().ShouldBe("SEQ_CLS");
        peft["modules_to_save"]!.AsArray().Single()!.GetValue<string>().ShouldBe("score");
        using (var file = SafetensorsFile.Open(folder["adapter", "adapter_model.safetensors"]))
        {
            file.Tensors.Keys.ShouldContain("base_model.model.score.weight");
        }

        int[][] rows = [[5, 6, 7, 8], [30, 31]];
        using var merged = CausalLanguageModel.LoadRewardModel(folder["merged"], new ModelLoading());
        using var adapted = CausalLanguageModel.LoadRewardModel(TestTraining.Model, new ModelLoading(), newHeadSeed: 999);
        using var adapters = LoraAdapters.Load(adapted, folder["adapter"]);
        var (one, other) = (new RewardScorer(merged).Score(rows), new RewardScorer(adapted).Score(rows));
        other[0].ShouldBe(one[0], 1e-4);
        other[1].ShouldBe(one[1], 1e-4);
    }

    [Fact]
    public void A_reward_model_rewards_generated_answers()
    {
        using var folder = new TemporaryFolder();
        var model = TestTraining.WithTokenizer(folder);

        // Ids below 144 are good, others bad.
        File.WriteAllLines(folder["pairs.jsonl"], Enumerable.Range(0, 32).Select(i => $"{{\"prompt_ids\": [{20 + (i % 8)}, 30], \"chosen_ids\": [{(i * 13) % 140 + 3}, {(i * 29) % 140 + 3}], \"rejected_ids\": [{150 + (i * 13 % 130)}, {150 + (i * 29 % 130)}]}}"));
        File.WriteAllLines(folder["prompts.jsonl"], Enumerable.Range(0, 8).Select(i => $"{{\"prompt_ids\": [{20 + i}, 30]}}"));
        TestTraining.Run(
            TestTraining.Recipe($"method: reward\nlearning_rate: 3e-3\nmax_steps: 40\nper_device_train_batch_size: 16\ndataset: {folder["pairs.jsonl"]}"), folder["judge"], model: model);
        TestTraining.Metric(folder["judge"], "accuracy")[^1].ShouldBeGreaterThan(0.9);
        var recipe = TestTraining.Recipe(
            $"method: grpo\nmax_steps: 10\nlearning_rate: 5e-3\nper_device_train_batch_size: 16\nnum_generations: 8\nmax_completion_length: 6\nreward_model: {folder["judge"]}\ndataset: {folder["prompts.jsonl"]}\neval_dataset: {folder["prompts.jsonl"]}\neval_steps: 5\nnum_generations_eval: 2");
        var result = TestTraining.Run(recipe, folder["out"], model: model);
        var rewards = TestTraining.Metric(folder["out"], "rewards/judge/mean");
        rewards[^3..].Average().ShouldBeGreaterThan(rewards[..3].Average());
        var evaluated = TestTraining.Metric(folder["out"], "eval_reward");
        evaluated.Length.ShouldBe(2);
        evaluated[1].ShouldBeGreaterThan(evaluated[0]);
        TestTraining.Metric(folder["out"], "eval_rewards/judge/mean").ShouldBe(evaluated);
        result.EvalLoss.ShouldNotBeNull();

        var wrong = TestTraining.Recipe($"method: rloo\nmax_steps: 1\nper_device_train_batch_size: 4\nreward_model: {TestTraining.Model}\ndataset: {folder["prompts.jsonl"]}");
        Should.Throw<InvalidInputException>(() => TestTraining.Run(wrong, folder["no"], model: model)).Message.ShouldContain("is a language model");
    }

    [Fact]
    public void A_family_without_a_reward_model_in_transformers_is_refused()
    {
        using var folder = new TemporaryFolder();
        Should.Throw<InvalidInputException>(() => TestTraining.Run(TestTraining.Recipe("method: reward\nmax_steps: 1"), folder["out"], model: Repository.Golden("models", "granite")))
            .Message.ShouldContain("granite");
    }
}
