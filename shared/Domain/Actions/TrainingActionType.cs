using LamdAgent.Domain.Recipes;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Actions;

/// <summary>What a search must know about a training method: its name and the row formats that it can use. Its hyper-parameters are the recipe's keys.</summary>
/// <param name="Name">Name in recipes.</param>
/// <param name="Description">One sentence for the agent.</param>
/// <param name="Formats">Row formats.</param>
public sealed record TrainingActionType(string Name, string Description, IReadOnlyList<string> Formats)
{
    /// <summary>Recipe keys that the search itself fills in, and why a spec may not.</summary>
    public static IReadOnlySet<string> ReservedKeys { get; } = new HashSet<string>(
        ["method", "model", "model_name_or_path", "dataset", "dataset_format", "seed", "init"], StringComparer.Ordinal);

    /// <summary>All methods that a search may use: those that turn a model and a dataset into a model of the same kind.</summary>
    public static IReadOnlyList<TrainingActionType> All { get; } = Create();

    /// <summary>The method of this name, or null.</summary>
    public static TrainingActionType? Find(string name) => All.FirstOrDefault(t => t.Name == name);

    private static TrainingActionType[] Create()
    {
        string[] answers = [DatasetFormats.Messages, DatasetFormats.PromptCompletion, DatasetFormats.Tokens, DatasetFormats.Text];
        string[] pairs = [DatasetFormats.Preference];
        return
        [
            new(TrainingRecipe.NameOf(TrainingMethod.Sft), "supervised fine-tuning on answers", answers),
            new(TrainingRecipe.NameOf(TrainingMethod.Cpt), "continued pre-training on plain text", [DatasetFormats.Text, DatasetFormats.Tokens]),
            new(TrainingRecipe.NameOf(TrainingMethod.Dpo), "direct preference optimisation on chosen and rejected answers", pairs),
            new(TrainingRecipe.NameOf(TrainingMethod.Cpo), "contrastive preference optimisation", pairs),
            new(TrainingRecipe.NameOf(TrainingMethod.Simpo), "preference optimisation by length-averaged likelihood", pairs),
            new(TrainingRecipe.NameOf(TrainingMethod.Orpo), "fine-tuning on chosen answers with an odds-ratio penalty on rejected ones", pairs),
            new(TrainingRecipe.NameOf(TrainingMethod.Kto), "optimisation on answers labelled good or bad", [DatasetFormats.UnpairedPreference, DatasetFormats.Preference]),
            new(TrainingRecipe.NameOf(TrainingMethod.Grpo), "reinforcement on graded answers, relative to a group", [DatasetFormats.Prompt]),
            new(TrainingRecipe.NameOf(TrainingMethod.Rloo), "reinforcement on graded answers, leave one out", [DatasetFormats.Prompt]),
            new(TrainingRecipe.NameOf(TrainingMethod.Distillation), "learning a teacher's token distribution", answers),
            new(TrainingRecipe.NameOf(TrainingMethod.Gkd), "learning a teacher's token distribution on own answers too", answers),
        ];
    }
}
