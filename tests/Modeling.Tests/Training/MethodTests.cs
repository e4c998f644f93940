using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class MethodTests
{
    [Theory]
    [InlineData("method: simpo\nlearning_rate: 2e-3\nmax_steps: 12\nper_device_train_batch_size: 4\nshuffle: false")]
    [InlineData("method: cpo\nlearning_rate: 2e-3\nmax_steps: 12\nper_device_train_batch_size: 4\nshuffle: false")]
    [InlineData("method: orpo\nlearning_rate: 2e-3\nmax_steps: 12\nper_device_train_batch_size: 4\nshuffle: false")]
    [InlineData("method: dpo\nlearning_rate: 2e-3\nmax_steps: 12\nper_device_train_batch_size: 4\nshuffle: false\nloss_type: [sigmoid, bco_pair, sft]\nuse_weighting: true\nprecompute_ref_log_probs: true")]
    public void A_preference_method_raises_the_margin(string yaml)
    {
        using var folder = new TemporaryFolder();
        TestTraining.Run(TestTraining.Recipe(yaml), folder["out"]);
        var margins = TestTraining.Metric(folder["out"], "rewards/margins");
        margins[^3..].Average().ShouldBeGreaterThan(margins[..3].Average());
    }

    [Fact]
    public void Kto_separates_good_from_bad()
    {
        using var folder = new TemporaryFolder();
        var rows = File.ReadLines(Repository.Golden("train", "rows-dpo.jsonl")).Take(16).SelectMany(l =>
        {
            var row = JsonDocument.Parse(l).RootElement;
            return (string[])
            [
                $"{{\"prompt_ids\": {row.GetProperty("prompt_ids")}, \"completion_ids\": {row.GetProperty("chosen_ids")}, \"label\": true}}",
                $"{{\"prompt_ids\": {row.GetProperty("prompt_ids")}, \"completion_ids\": {row.GetProperty("rejected_ids")}, \"label\": false}}",
            ];
        });
        File.WriteAllLines(folder["kto.jsonl"], rows);
        TestTraining.Run(TestTraining.Recipe($"method: kto\nlearning_rate: 2e-3\nmax_steps: 10\nper_device_train_batch_size: 4\ndataset: {folder["kto.jsonl"]}"), folder["out"]);
        var margins = TestTraining.Metric(folder["out"], "rewards/margins");
        margins[^3..].Average().ShouldBeGreaterThan(0.01);
    }

    [Fact]
    public void Accumulated_micro_batches_and_padding_free_packing_train_like_one_big_batch()
    {
        using var folder = new TemporaryFolder();
        const string common = "method: sft\nprecision: float32\nlearning_rate: 1e-3\nmax_steps: 4\nshuffle: false\n";
        TestTraining.Run(TestTraining.Recipe(common + "per_device_train_batch_size: 12"), folder["big"]);
        TestTraining.Run(TestTraining.Recipe(common + "per_device_train_batch_size: 3\ngradient_accumulation_steps: 4"), folder["small"]);
        var (big, small) = (TestTraining.Metric(folder["big"], "loss"), TestTraining.Metric(folder["small"], "loss"));
        for (var i = 0; i < big.Length; i++)
        {
            small[i].ShouldBe(big[i], 1e-4);
        }
    }

    [Fact]
    public void Distillation_from_itself_has_no_loss_and_from_another_model_gets_closer()
    {
        using var folder = new TemporaryFolder();
        TestTraining.Run(TestTraining.Recipe("method: sft\nlearning_rate: 5e-3\nmax_steps: 10\nper_device_train_batch_size: 8"), folder["teacher"]);
        foreach (var (beta, lmbda) in ((double, double)[])[(0, 0), (1, 0), (0.5, 1)])
        {
            var name = $"student-{beta}-{lmbda}";
            TestTraining.Run(
                TestTraining.Recipe($"method: gkd\nlearning_rate: 3e-3\nmax_steps: 8\nper_device_train_batch_size: 8\nbeta: {beta}\nlmbda: {lmbda}\nmax_new_tokens: 8\nteacher_model: {folder["teacher"]}\nshuffle: false"),
                folder[name]);
            var losses = TestTraining.Metric(folder[name], "loss");
            losses[^1].ShouldBeLessThan(losses[0]);
        }

        TestTraining.Run(TestTraining.Recipe($"method: distillation\nlearning_rate: 0\nmax_steps: 1\nprecision: float32\nteacher_model: {TestTraining.Model}"), folder["same"]);
        TestTraining.Metric(folder["same"], "loss")[0].ShouldBe(0, 1e-6);
    }

    [Theory]
    [InlineData("grpo\nloss_type: dapo")]
    [InlineData("dr_grpo\nnum_iterations: 2\nbeta: 0.02")]
    [InlineData("grpo\nloss_type: bnpo\nepsilon_high: 0.28\nscale_rewards: batch\nentropy_coef: 0.001\ntop_entropy_quantile: 0.8\nlora: {r: 4}\nbeta: 0.01")]
    [InlineData("rloo\nbeta: 0.01")]
    public void Rewards_of_generated_answers_go_up_and_a_resumed_run_ends_the_same(string method)
    {
        using var folder = new TemporaryFolder();
        var model = TestTraining.WithTokenizer(folder);
        File.WriteAllLines(folder["prompts.jsonl"], Enumerable.Range(0, 8).Select(i => $"{{\"prompt_ids\": [{20 + i}, {30 + i}, {40 + i}], \"answer\": {i}}}"));
        var recipe = TestTraining.Recipe(
            $"method: {method}\nmax_steps: 12\nlearning_rate: 5e-3\nmax_grad_norm: 1\nper_device_train_batch_size: 16\nnum_generations: 8\nmax_completion_length: 8\nreward_funcs: [low_ids]\ndataset: {folder["prompts.jsonl"]}");
        TestTraining.Run(recipe, folder["out"], rewards: [new ShareOfEarlyLetters()], model: model);
        var rewards = TestTraining.Metric(folder["out"], "reward");
        rewards[^3..].Average().ShouldBeGreaterThan(rewards[..3].Average());

        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => TestTraining.Run(
            recipe, folder["parts"], new TestTraining.Watcher(p => { if (p.Step == 4 && p.Message is null) { stop.Cancel(); } }), stop.Token, [new ShareOfEarlyLetters()], model));
        TestTraining.Run(recipe, folder["parts"], rewards: [new ShareOfEarlyLetters()], model: model).ResumedFrom.ShouldBe(4);
        TestTraining.Metric(folder["parts"], "loss").ShouldBe(TestTraining.Metric(folder["out"], "loss"));
    }

    // TRL counts a masked answer's divergence as 0, in the metric and in the reward; the reference is another model, so it would not be 0 otherwise.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_masked_answer_has_no_divergence_in_rloo(bool masked)
    {
        using var folder = new TemporaryFolder();
        var model = TestTraining.WithTokenizer(folder);
        File.WriteAllLines(folder["prompts.jsonl"], ["{\"prompt_ids\": [20, 30]}", "{\"prompt_ids\": [21, 31]}"]);
        var recipe = TestTraining.Recipe(
            $"method: rloo\nmax_steps: 2\nlearning_rate: 1e-3\nper_device_train_batch_size: 8\nnum_generations: 4\nnum_iterations: 2\nmax_completion_length: 1\nmask_truncated_completions: {(masked ? "true" : "false")}\nref_model: {Repository.Golden("models", "qwen3")}\nreward_funcs: [low_ids]\ndataset: {folder["prompts.jsonl"]}");
        TestTraining.Run(recipe, folder["out"], rewards: [new ShareOfEarlyLetters()], model: model);
        TestTraining.Metric(folder["out"], "kl")[0].ShouldBe(0, masked ? 0 : double.PositiveInfinity);
        (TestTraining.Metric(folder["out"], "kl")[0] == 0).ShouldBe(masked);
        (TestTraining.Metric(folder["out"], "grad_norm")[0] == 0).ShouldBe(masked);

        // Two steps on the same answers count them once.
        TestTraining.Metric(folder["out"], "num_tokens").ShouldBe([24, 24]);
        TestTraining.Metric(folder["out"], "completions/max_terminated_length")[0].ShouldBe(0);
    }

    [Fact]
    public void Random_weights_come_from_the_seed_and_learn()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["empty"]);
        File.Copy(Path.Combine(TestTraining.Model, "config.json"), folder["empty", "config.json"]);
        var recipe = TestTraining.Recipe("method: cpt\ninit: random\nmax_steps: 20\nlearning_rate: 5e-3\nper_device_train_batch_size: 8");
        TestTraining.Run(recipe, folder["a"], model: folder["empty"]);
        var losses = TestTraining.Metric(folder["a"], "loss");
        losses[0].ShouldBe(Math.Log(288), 0.3);
        losses[^1].ShouldBeLessThan(losses[0] - 0.3);
    }

    [Fact]
    public void A_training_that_diverges_says_so_and_publishes_nothing()
    {
        using var folder = new TemporaryFolder();
        var recipe = TestTraining.Recipe("method: sft\nlearning_rate: 1\nmax_steps: 8\nmax_grad_norm: 0");
        recipe = recipe with { Optimization = recipe.Optimization with { LearningRate = 1e38 } };
        Should.Throw<TrainingDivergedException>(() => TestTraining.Run(recipe, folder["out"])).Step.ShouldBeGreaterThan(1);
        Directory.Exists(folder["out"]).ShouldBeFalse();
    }

    [Fact]
    public void A_loss_that_explodes_and_stays_is_divergence_and_one_odd_batch_is_not()
    {
        var guard = new DivergenceGuard(5);
        foreach (var loss in (double[])[2, 2.1, 1.9, 2, 2, 50, 2, 2, 30, 30])
        {
            guard.Check(1, loss, 1);
        }

        Should.Throw<TrainingDivergedException>(() => guard.Check(11, 30, 1)).Message.ShouldContain("exploded");
        Should.Throw<TrainingDivergedException>(() => new DivergenceGuard(5).Check(1, double.NaN, 1));
        Should.Throw<TrainingDivergedException>(() => new DivergenceGuard(5).Check(1, 1, double.PositiveInfinity));
    }

    [Theory]
    [InlineData("method: sft\nmax_length: 12", "rows-sft.jsonl:1: the row has 18 tokens, more than max_length 12")]
    [InlineData("method: sft\nmax_memory_gb: 0.001", "GB are free")]
    [InlineData("method: sft\nnum_train_epochs: 0", "asks for no training steps")]
    [InlineData("method: dpo\ninit: random", "name a ref_model")]
    [InlineData("method: grpo\nreward_funcs: [nothing]", "there is no reward function 'nothing'")]
    [InlineData("method: distillation", "names no teacher")]
    [InlineData("method: sft\nlora:\n  target_modules: [q_proj, q_porj]", "test.yaml:3: lora: the target module 'q_porj' matches nothing that can be adapted; the model has q_proj, k_proj")]
    [InlineData("method: sft\nlora:\n  r: 2\n  target_modules: '.*layers.7.*'", "test.yaml:4: lora: no module matches target_modules .*layers.7.*")]
    public void What_cannot_be_trained_is_refused_with_its_reason(string yaml, string message)
    {
        using var folder = new TemporaryFolder();
        var model = yaml.Contains("grpo", StringComparison.Ordinal) ? TestTraining.WithTokenizer(folder) : null;
        File.WriteAllText(folder["prompts.jsonl"], "{\"prompt_ids\": [20, 21]}\n");
        var data = model is null ? "" : $"\ndataset: {folder["prompts.jsonl"]}";
        Should.Throw<InvalidInputException>(() => TestTraining.Run(TestTraining.Recipe(yaml + data), folder["out"], model: model)).Message.ShouldContain(message);
        Directory.Exists(folder["out"]).ShouldBeFalse();
    }

    [Fact]
    public void Rows_without_a_trainable_token_are_an_error()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["rows.jsonl"], "{\"input_ids\": [5, 6, 7], \"completion_mask\": [1, 0, 0]}\n");
        Should.Throw<InvalidInputException>(() => TestTraining.Run(TestTraining.Recipe($"method: sft\ndataset: {folder["rows.jsonl"]}"), folder["out"]));
    }

    [Fact]
    public void Scarce_memory_cuts_micro_batches_and_keeps_the_result()
    {
        using var folder = new TemporaryFolder();
        const string yaml = "method: sft\nprecision: float32\nlearning_rate: 1e-3\nmax_steps: 3\nper_device_train_batch_size: 16\nshuffle: false";
        TestTraining.Run(TestTraining.Recipe(yaml), folder["plain"]);
        var said = new List<string>();
        TestTraining.Run(TestTraining.Recipe(yaml + "\nmax_memory_gb: 0.006"), folder["scarce"], new TestTraining.Watcher(p => said.Add(p.Message ?? "")));
        said.ShouldContain(m => m.Contains("cut into"));
        var (plain, scarce) = (TestTraining.Metric(folder["plain"], "loss"), TestTraining.Metric(folder["scarce"], "loss"));
        for (var i = 0; i < plain.Length; i++)
        {
            scarce[i].ShouldBe(plain[i], 1e-4);
        }
    }

    [Theory]
    [InlineData("method: sft\nneftune_noise_alpha: 5")]
    [InlineData("method: sft\nlora: {r: 4, lora_dropout: 0.3}")]
    [InlineData("method: dpo\nlora: {r: 4, lora_dropout: 0}")]
    public void Recomputed_activations_change_nothing(string method)
    {
        using var folder = new TemporaryFolder();
        var yaml = method + "\nlearning_rate: 5e-3\nmax_steps: 4\nper_device_train_batch_size: 6\nprecision: float32";
        TestTraining.Run(TestTraining.Recipe(yaml), folder["kept"]);
        TestTraining.Run(TestTraining.Recipe(yaml + "\ngradient_checkpointing: true"), folder["again"]);
        var (kept, again) = (TestTraining.Metric(folder["kept"], "loss"), TestTraining.Metric(folder["again"], "loss"));
        var (keptNorms, againNorms) = (TestTraining.Metric(folder["kept"], "grad_norm"), TestTraining.Metric(folder["again"], "grad_norm"));
        for (var i = 0; i < kept.Length; i++)
        {
            again[i].ShouldBe(kept[i], 1e-5);
            againNorms[i].ShouldBe(keptNorms[i], 1e-3 * keptNorms[i]);
        }
    }

    [Fact]
    public void Early_stopping_ends_with_the_best_weights()
    {
        using var folder = new TemporaryFolder();
        var result = TestTraining.Run(
            TestTraining.Recipe($"method: sft\nlearning_rate: 2e-2\nlr_scheduler_type: constant\nmax_steps: 60\nper_device_train_batch_size: 8\neval_dataset: {Repository.Golden("train", "rows-sft.jsonl")}\neval_steps: 1\nearly_stopping_patience: 2\nearly_stopping_threshold: 0.3"),
            folder["out"]);
        result.StoppedEarly.ShouldBeTrue();
        TestTraining.Metric(folder["out"], "eval_loss").Length.ShouldBe(result.Steps);
    }

    private sealed class ShareOfEarlyLetters : IRewardFunction
    {
        public string Name => "low_ids";

        public IReadOnlyList<double?> Score(IReadOnlyList<GeneratedAnswer> answers, CancellationToken cancellation) =>
            [.. answers.Select(a => (double?)(a.Text.Count(l => l - 0x4E00 < 144) / 8.0))];
    }
}
