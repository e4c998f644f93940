using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class ExactResumeTests
{
    public static TheoryData<string> Recipes => new(
        "method: sft\nmax_steps: 9\nlearning_rate: 1e-3\nper_device_train_batch_size: 3\ngradient_accumulation_steps: 2\nneftune_noise_alpha: 5",
        "method: sft\nnum_train_epochs: 2\nlearning_rate: 1e-3\nper_device_train_batch_size: 2\npacking: true\nmax_length: 64\nprecision: float32",
        "method: dpo\nmax_steps: 9\nlearning_rate: 1e-3\nper_device_train_batch_size: 3",
        $"method: sft\nmax_steps: 9\nlearning_rate: 1e-2\nper_device_train_batch_size: 3\neval_steps: 1\nlr_scheduler_type: reduce_lr_on_plateau\nlr_scheduler_kwargs: {{patience: 0, threshold: 0.3, factor: 0.7, cooldown: 1}}\neval_dataset: {Repository.Golden("train", "rows-sft.jsonl")}",
        "method: reward\nmax_steps: 6\nlearning_rate: 1e-3\nper_device_train_batch_size: 3\nlora: {r: 4, lora_dropout: 0.1}",
        "method: sft\nmax_steps: 9\nlearning_rate: 1e-2\nper_device_train_batch_size: 3\nlora: {r: 4, lora_dropout: 0.2}",
        "method: dpo\nmax_steps: 6\nlearning_rate: 1e-2\nper_device_train_batch_size: 3\nlora: {r: 4, lora_dropout: 0.1, merge: false}");

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Interrupted_and_resumed_gives_the_same_bytes(string yaml)
    {
        using var folder = new TemporaryFolder();
        var recipe = TestTraining.Recipe(yaml);
        var whole = TestTraining.Run(recipe, folder["whole"]);

        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => TestTraining.Run(
            recipe, folder["parts"], new TestTraining.Watcher(p => { if (p.Step == 4 && p.Message is null) { stop.Cancel(); } }), stop.Token));
        Directory.Exists(folder["parts"]).ShouldBeFalse();
        var rest = TestTraining.Run(recipe, folder["parts"]);

        rest.ResumedFrom.ShouldBe(4);
        rest.Steps.ShouldBe(whole.Steps);
        SameModel(folder["whole"], folder["parts"]);
        Losses(folder["parts"]).ShouldBe(Losses(folder["whole"]));
    }

    [Fact]
    public void A_run_killed_while_saving_goes_on_from_the_checkpoint_before()
    {
        using var folder = new TemporaryFolder();
        var recipe = TestTraining.Recipe("method: sft\nmax_steps: 8\nlearning_rate: 1e-3\nper_device_train_batch_size: 3\nsave_steps: 2");
        TestTraining.Run(recipe, folder["whole"]);

        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => TestTraining.Run(
            recipe, folder["parts"], new TestTraining.Watcher(p => { if (p.Step == 6) { stop.Cancel(); } }), stop.Token));
        var work = folder["parts.training"];
        Directory.EnumerateDirectories(work, "checkpoint-*").Count().ShouldBe(2);

        // What a kill can leave: a half-written newest checkpoint and half a line of metrics.
        var newest = Path.Combine(work, "checkpoint-00000006", "state.safetensors");
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..^100]);
        Directory.CreateDirectory(Path.Combine(work, "checkpoint-00000008.staging-x"));
        File.AppendAllText(Path.Combine(work, "metrics.jsonl"), "{\"step\": 7, \"lo");

        TestTraining.Run(recipe, folder["parts"]).ResumedFrom.ShouldBe(4);
        SameModel(folder["whole"], folder["parts"]);
        Losses(folder["parts"]).Count.ShouldBe(8);
    }

    [Fact]
    public void A_process_that_was_given_up_on_and_still_writes_does_not_spoil_the_metrics_of_the_next()
    {
        using var folder = new TemporaryFolder();
        var recipe = TestTraining.Recipe("method: sft\nmax_steps: 6\nlearning_rate: 1e-3\nper_device_train_batch_size: 3");
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => TestTraining.Run(
            recipe, folder["out"], new TestTraining.Watcher(p => { if (p.Step == 3) { stop.Cancel(); } }), stop.Token));

        using var zombie = new StreamWriter(Path.Combine(folder["out.training"], "metrics.jsonl"), append: true) { AutoFlush = true };
        TestTraining.Run(recipe, folder["out"], new TestTraining.Watcher(_ => zombie.WriteLine("{\"step\": 4, \"loss\": 99}"))).ResumedFrom.ShouldBe(3);
        Losses(folder["out"]).Count.ShouldBe(6);
    }

    [Fact]
    public void A_run_whose_work_folder_was_taken_over_ends_without_making_a_new_one()
    {
        using var folder = new TemporaryFolder();
        var recipe = TestTraining.Recipe("method: sft\nmax_steps: 6\nlearning_rate: 1e-3\nper_device_train_batch_size: 3\nsave_steps: 2");
        Should.Throw<DirectoryNotFoundException>(() => TestTraining.Run(
            recipe, folder["out"], new TestTraining.Watcher(p => { if (p.Step == 3) { Directory.Move(folder["out.training"], folder["next.training"]); } })));
        Directory.Exists(folder["out.training"]).ShouldBeFalse();
        TestTraining.Run(recipe, folder["next"]).ResumedFrom.ShouldBe(2);
    }

    [Fact]
    public void A_checkpoint_of_another_recipe_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => TestTraining.Run(
            TestTraining.Recipe("method: sft\nmax_steps: 5"), folder["out"], new TestTraining.Watcher(p => stop.Cancel()), stop.Token));
        Should.Throw<Domain.InvalidInputException>(() => TestTraining.Run(TestTraining.Recipe("method: sft\nmax_steps: 6"), folder["out"]))
            .Message.ShouldContain("another training");
    }

    private static void SameModel(string expected, string actual)
    {
        ModelManifest.Read(actual).Files.ShouldBe(ModelManifest.Read(expected).Files);
        ModelManifest.Read(actual).FindChangedFiles(actual).ShouldBeEmpty();
    }

    private static List<string> Losses(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("loss").GetRawText())];
}
