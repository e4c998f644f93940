using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>What a recipe file must have to be run as it is, and whether what it names is there: found before anything is loaded, with the line that names it.</summary>
internal static class RecipeFileCheck
{
    /// <param name="mapping">The file's keys.</param>
    /// <param name="recipe">What was read from them.</param>
    /// <param name="folder">Where relative paths start.</param>
    /// <param name="modelGiven">Whether the caller brings the model, so that the recipe's does not matter.</param>
    /// <exception cref="InvalidInputException">Something is missing.</exception>
    public static void Check(ConfigMapping mapping, TrainingRecipe recipe, string folder, bool modelGiven)
    {
        if (!modelGiven && recipe.Model is null)
        {
            throw mapping.Error("'model' is missing: the folder to start from");
        }

        if (recipe.Data.Train.Count == 0)
        {
            throw mapping.Error("'dataset' is missing: the rows to train on");
        }

        if (recipe.Method is TrainingMethod.Distillation or TrainingMethod.Gkd && recipe.Distillation.TeacherModel is null)
        {
            throw mapping.Error("'teacher_model' is missing: whom to learn from");
        }

        if (recipe.Method is TrainingMethod.Grpo or TrainingMethod.Rloo && recipe.Reinforcement.RewardFuncs.Count + recipe.Reinforcement.RewardModels.Count == 0)
        {
            throw mapping.Error("no reward is named: give reward_funcs (graders) or reward_model (a folder)");
        }

        string[] models = modelGiven ? ["ref_model", "teacher_model", "reward_model"] : ["model", "model_name_or_path", "ref_model", "teacher_model", "reward_model"];
        foreach (var node in models.SelectMany(key => Texts(mapping.Optional(key))))
        {
            var path = Path.GetFullPath(node.Text, folder);
            if (!Directory.Exists(path))
            {
                throw node.Error($"there is no such model folder: {path}");
            }
        }

        foreach (var node in new[] { "dataset", "eval_dataset" }.SelectMany(key => Texts(mapping.Optional(key))))
        {
            var path = Path.GetFullPath(node.Text, folder);
            if (!File.Exists(path))
            {
                throw node.Error($"there is no such file: {path}");
            }
        }
    }

    // A path, a mapping with one, or a list of either.
    private static IEnumerable<ConfigScalar> Texts(ConfigNode? node) => node switch
    {
        ConfigScalar one => [one],
        ConfigMapping mapping => Texts(mapping.Optional("path")),
        ConfigSequence list => list.SelectMany(Texts),
        _ => [],
    };
}
