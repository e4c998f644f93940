using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Training;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd train RECIPE --output DIR</c>: one training by itself.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var recipe = new Argument<string>("RECIPE") { Description = "YAML file with TRL's names (see shared/docs/training.md); paths in it are relative to its folder." };
        var output = new Option<string>("--output", "-o") { Description = "Folder for the trained model and metrics.jsonl; must not exist or be empty.", Required = true };
        var model = new Option<string?>("--model") { Description = "Model folder; wins over the recipe's." };
        var json = new Option<bool>("--json") { Description = "Print the result as one JSON object." };
        var command = new Command(
            "train",
            "Train a model: cpt, sft, dpo, kto, cpo, simpo, orpo, reward, grpo, rloo, distillation, gkd; whole or with LoRA. Started again after a kill or Ctrl-C, it goes on from its last checkpoint. Example: lamd train recipe.yaml --output models/sft")
        {
            recipe, output, model, json,
        };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var file = parsed.GetRequiredValue(recipe);
                var loaded = TrainingRecipe.Load(file, modelGiven: parsed.GetValue(model) is not null);
                try
                {
                    var result = Modeling.Training.Trainer.Run(
                        loaded,
                        new TrainingJob { OutputFolder = parsed.GetRequiredValue(output), ModelFolder = parsed.GetValue(model), Rewards = Trainer.TrainModel.RewardFunctions.For(loaded) },
                        new ConsoleProgress(),
                        cancellation);
                    Print(result, parsed.GetValue(json));
                    return ExitCodes.Done;
                }
                catch (InvalidInputException e) when (e.File is null)
                {
                    throw new InvalidInputException(file, null, e.Message, e);
                }
            },
            CancellationToken.None));
        return command;
    }

    private static void Print(TrainingResult result, bool json)
    {
        Console.WriteLine(json
            ? JsonSerializer.Serialize(result, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower })
            : string.Create(CultureInfo.InvariantCulture, $"{result.OutputFolder}: {result.Steps} steps, loss {result.Loss:F4}{(result.EvalLoss is { } e ? $", eval loss {e:F4}" : "")}, {result.Tokens} tokens in {result.Seconds:F1} s{Checkpoints(result)}"));
    }

    private static string Checkpoints(TrainingResult result) => result.Checkpoints == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $", {result.Checkpoints} checkpoint{(result.Checkpoints == 1 ? "" : "s")} of {result.CheckpointBytes / 1e6:F1} MB in {result.CheckpointSeconds:F1} s");

    // Synchronous, unlike Progress<T>, so that lines come in order; at most a line a second.
    private sealed class ConsoleProgress : IProgress<TrainingProgress>
    {
        private long _last;

        public void Report(TrainingProgress value)
        {
            if (value.Message is not null)
            {
                Console.Error.WriteLine(value.Message);
                return;
            }

            var now = Environment.TickCount64;
            if (value.Step < value.TotalSteps && now - _last < 1000)
            {
                return;
            }

            _last = now;
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F4}  {value.TokensPerSecond:F0} tokens/s  {value.Remaining:hh\\:mm\\:ss} left"));
        }
    }
}
