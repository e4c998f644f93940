using LamdAgent.Domain.Recipes;

namespace LamdAgent.Domain.Tests.Recipes;

public sealed class TrainingRecipeTests
{
    [Fact]
    public void A_recipe_reads_with_trl_names_and_keeps_defaults_for_the_rest()
    {
        var recipe = TrainingRecipe.Parse(
            """
            method: dpo
            model: base
            dataset: pairs.jsonl
            beta: 0.3
            loss_type: [sigmoid, sft]
            loss_weights: [1.0, 0.5]
            lr_scheduler_type: cosine
            warmup_ratio: 0.1
            lora: { r: 8, target_modules: [q_proj, v_proj] }
            """,
            "r.yaml");

        recipe.Method.ShouldBe(TrainingMethod.Dpo);
        recipe.Preference.Beta.ShouldBe(0.3);
        recipe.Preference.LossType.ShouldBe(["sigmoid", "sft"]);
        recipe.Optimization.LearningRate.ShouldBe(1e-6);
        recipe.Optimization.WarmupSteps.ShouldBe(0.1);
        recipe.Optimization.PerDeviceTrainBatchSize.ShouldBe(8);
        recipe.Lora!.Rank.ShouldBe(8);
        recipe.Lora.Alpha.ShouldBe(32);
        recipe.Data.Train.ShouldBe([new DatasetReference("pairs.jsonl")]);
        recipe.Run.Precision.ShouldBe("bfloat16");
    }

    [Theory]
    [InlineData("method: sft\nlerning_rate: 1", "r.yaml:2: unknown key 'lerning_rate'; did you mean 'learning_rate'?")]
    [InlineData("method: sft\nbeta: 1", "r.yaml:2: 'beta' has no meaning for method 'sft' (it is for dpo, cpo, simpo, orpo, kto, grpo, rloo, distillation, gkd)")]
    [InlineData("method: sfd", "r.yaml:1: method: unknown value 'sfd'; did you mean 'sft'?")]
    [InlineData("method: sft\nlearning_rate: fast", "r.yaml:2: learning_rate: 'fast' is not a number")]
    [InlineData("method: dpo\nloss_type: sigmod", "r.yaml:2: loss_type: unknown value 'sigmod'; did you mean 'sigmoid'?")]
    [InlineData("method: sft\nbf16: true\nprecision: float32", "r.yaml:2: bf16: contradicts precision: float32")]
    [InlineData("method: sft\nlr_scheduler_kwargs:\n  num_cycles: 2", "r.yaml:3: lr_scheduler_kwargs: 'num_cycles' has no meaning for lr_scheduler_type 'linear'")]
    [InlineData("method: sft\nlr_scheduler_type: cosine_with_min_lr\nlr_scheduler_kwargs: {decay_type: linear}", "r.yaml:3: lr_scheduler_kwargs: 'decay_type' has no meaning for lr_scheduler_type 'cosine_with_min_lr'; it has num_cycles, min_lr, min_lr_rate")]
    [InlineData("method: sft\nlr_scheduler_type: reduce_lr_on_plateau", "r.yaml:2: lr_scheduler_type: reduce_lr_on_plateau goes by evaluations: it needs an eval_dataset")]
    [InlineData("method: dpo\nlora:\n  rank_pattern: {q_proj: 0}", "r.yaml:3: lora.rank_pattern.q_proj: 0 is out of range (1 to 4096)")]
    [InlineData("method: dpo\nrpo_alpha: 1", "r.yaml:2: 'rpo_alpha' is no key of recipes here: write loss_type: [sigmoid, sft] with loss_weights: [1, ALPHA]")]
    [InlineData("method: sft\nlora_r: 8", "r.yaml:2: 'lora_r' is no key of recipes here: adapters are a mapping: lora: {r: 16, lora_alpha: 32, lora_dropout: 0.05, target_modules: all-linear}")]
    [InlineData("method: sft\nmax_length: null\npacking: true", "r.yaml:3: packing: packing fills sequences of max_length, so that cannot be null")]
    [InlineData("method: dpo\nlearning_rate: 1e-8\nlr_scheduler_type: polynomial", "r.yaml:3: lr_scheduler_type: polynomial falls from learning_rate (1E-08) to lr_end (1E-07), which must be smaller")]
    [InlineData("method: sft\nlr_scheduler_type: cosine_with_min_lr\nlr_scheduler_kwargs: {min_lr: 0, min_lr_rate: 0}", "r.yaml:3: lr_scheduler_kwargs: give min_lr (a rate) or min_lr_rate (a share of learning_rate), not both")]
    [InlineData("model: x", "r.yaml:1: 'method' is missing")]
    public void What_is_wrong_is_named_with_its_line(string yaml, string message) =>
        Should.Throw<InvalidInputException>(() => TrainingRecipe.Parse(yaml, "r.yaml")).Message.ShouldBe(message);

    [Fact]
    public void Keys_and_values_make_the_same_recipe_as_yaml()
    {
        var built = TrainingRecipe.FromSettings(
            new Dictionary<string, object?>
            {
                ["method"] = "grpo",
                ["learning_rate"] = 1e-5,
                ["num_generations"] = 4,
                ["shuffle"] = false,
                ["reward_funcs"] = new[] { "a", "b" },
                ["dataset"] = new Dictionary<string, object?> { ["path"] = "p.jsonl", ["fraction"] = 0.5 },
            },
            "action grpo");
        var read = TrainingRecipe.Parse(
            "method: grpo\nlearning_rate: 1e-5\nnum_generations: 4\nshuffle: false\nreward_funcs: [a, b]\ndataset: {path: p.jsonl, fraction: 0.5}", "r.yaml");
        built.ToCanonicalJson().ShouldBe(read.ToCanonicalJson());
    }

    [Theory]
    [InlineData("method: cpt\nmodel: base\ninit: random\ndataset: [{path: a.txt, format: text, fraction: 0.5}, b.txt]\nmax_steps: 7")]
    [InlineData("method: sft\nloss_type: dft\nlr_scheduler_type: warmup_stable_decay\nlr_scheduler_kwargs: {num_decay_steps: 10, decay_type: linear}\nwarmup_ratio: 0.1\nlora: {r: 4, lora_alpha: 9, target_modules: [q_proj], use_dora: true}")]
    [InlineData("method: sft\ncompletion_only_loss: false\neval_dataset: e.jsonl\nearly_stopping_patience: 2\npacking: true\nbf16: false\nnum_threads: 2\nmax_memory_gb: 3\nneftune_noise_alpha: 5")]
    [InlineData("method: sft\neval_dataset: e.jsonl\nlr_scheduler_type: reduce_lr_on_plateau\nlr_scheduler_kwargs: {patience: 2, factor: 0.5, threshold_mode: abs}")]
    [InlineData("method: sft\nlora: {target_modules: '.*layers.[01]..*', exclude_modules: [down_proj], layers_to_transform: [0, 3], rank_pattern: {q_proj: 2}, alpha_pattern: {'.*v_proj': 4.5}}")]
    [InlineData("method: grpo\nreward_funcs: [gsm8k]\nloss_type: sapo\nsapo_temperature_neg: 1.2")]
    [InlineData("method: dpo\nref_model: r\nloss_type: [sigmoid, sft]\nloss_weights: [1, 0.5]\nbeta: 0.3\nld_alpha: 0.5")]
    [InlineData("method: simpo\nsimpo_gamma: 1\nalpha: 0.25")]
    [InlineData("method: kto\nundesirable_weight: 2")]
    [InlineData("method: reward\ncenter_rewards_coefficient: 0.01")]
    [InlineData("method: dr_grpo\nreward_funcs: [gsm8k]\nreward_model: [judge, other]\nreward_weights: [1, 2, 3]\nepsilon_high: 0.3")]
    [InlineData("method: rloo\nreward_model: judge\nreward_clip_range: [-1, 1]")]
    [InlineData("method: gkd\nteacher_model: t\nlmbda: 0.25\ntemperature: 0.7")]
    public void A_recipe_goes_back_to_the_keys_of_its_file(string yaml)
    {
        var recipe = TrainingRecipe.Parse(yaml, "r.yaml");
        var keys = recipe.ToKeys();
        keys.Select(k => k.Key).ShouldAllBe(k => k == "method" || TrainingRecipe.Keys[k].Contains(recipe.Method));
        var again = TrainingRecipe.FromSettings(keys.Select(k => KeyValuePair.Create(k.Key, (object?)System.Text.Json.JsonSerializer.SerializeToElement(k.Value))), "lamd.json");
        again.ToCanonicalJson().ShouldBe(recipe.ToCanonicalJson());
    }

    [Fact]
    public void Dapo_and_dr_grpo_are_grpo_with_their_loss()
    {
        TrainingRecipe.Parse("method: dr_grpo", "r.yaml").Reinforcement.LossType.ShouldBe("dr_grpo");
        TrainingRecipe.Parse("method: grpo", "r.yaml").Reinforcement.LossType.ShouldBe("dapo");
        TrainingRecipe.Keys["beta"].ShouldContain(TrainingMethod.Rloo);
    }

    [Fact]
    public void Paths_become_absolute_from_the_recipe_folder()
    {
        var recipe = TrainingRecipe.Parse("method: sft\nmodel: ../base\ndataset: data/a.jsonl", "r.yaml").ResolvePaths("/home/someone/recipes");
        recipe.Model.ShouldBe("/home/someone/base");
        recipe.Data.Train[0].Path.ShouldBe("/home/someone/recipes/data/a.jsonl");
    }

    [Fact]
    public void Null_switches_off_what_it_switches_off_in_trl()
    {
        var recipe = TrainingRecipe.Parse("method: sft\nmax_grad_norm: null\nmax_length: ~\nlearning_rate: null", "r.yaml");
        recipe.Optimization.MaxGradNorm.ShouldBe(0);
        recipe.Data.MaxLength.ShouldBeGreaterThan(1_000_000);
        recipe.Optimization.LearningRate.ShouldBe(2e-5);
    }
}
