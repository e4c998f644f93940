using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>Loads what a recipe's method needs beside the policy, data and frozen models, and makes its objective.</summary>
internal static class ObjectiveFactory
{
    public static IObjective Create(TrainingRecipe recipe, TrainingJob job, Policy policy, string modelFolder, ModelLoading frozen)
    {
        var data = recipe.Data;
        var file = data.Train[0].Path;
        switch (recipe.Method)
        {
            case TrainingMethod.Cpt or TrainingMethod.Sft:
                var rows = TrainingRows.Sequences(DatasetFiles.Tokens(data.Train, recipe, modelFolder), recipe, file, pack: true);
                var evaluation = data.Eval.Count == 0 ? [] : TrainingRows.Sequences(DatasetFiles.Tokens(data.Eval, recipe, modelFolder), recipe, data.Eval[0].Path, pack: false);
                return new SftObjective(policy, rows, evaluation, recipe.SftLossType == "dft");
            case TrainingMethod.Dpo or TrainingMethod.Cpo or TrainingMethod.Simpo or TrainingMethod.Orpo:
                var pairs = TrainingRows.Preferences(DatasetFiles.Preferences(data.Train, recipe, modelFolder), recipe, file);
                var evaluationPairs = data.Eval.Count == 0 ? [] : TrainingRows.Preferences(DatasetFiles.Preferences(data.Eval, recipe, modelFolder), recipe, data.Eval[0].Path);
                return new PreferenceObjective(
                    recipe.Method, recipe.Preference, policy, recipe.Method == TrainingMethod.Dpo ? Reference(recipe, policy, modelFolder, frozen) : null, pairs, evaluationPairs);
            case TrainingMethod.Kto:
                var labelled = TrainingRows.Labelled(DatasetFiles.Labelled(data.Train, recipe, modelFolder), recipe, file);
                var evaluationLabelled = data.Eval.Count == 0 ? [] : TrainingRows.Labelled(DatasetFiles.Labelled(data.Eval, recipe, modelFolder), recipe, data.Eval[0].Path);
                return new KtoObjective(recipe.Preference, policy, Reference(recipe, policy, modelFolder, frozen), labelled, evaluationLabelled);
            default:
                throw new InvalidInputException($"the method '{TrainingRecipe.NameOf(recipe.Method)}' cannot be trained by this build");
        }
    }

    // The reference is the model as it was at the start, read again from its folder, unless the recipe names another.
    private static ReferenceModel Reference(TrainingRecipe recipe, Policy policy, string modelFolder, ModelLoading frozen)
    {
        if (recipe.Init == "random" && recipe.RefModel is null)
        {
            throw new InvalidInputException("init: random has no trained start that could serve as reference; name a ref_model");
        }

        var reference = CausalLanguageModel.Load(recipe.RefModel ?? modelFolder, frozen);
        if (reference.Spec.VocabSize != policy.Model.Spec.VocabSize)
        {
            throw new InvalidInputException($"the reference model has a vocabulary of {reference.Spec.VocabSize}, the trained model one of {policy.Model.Spec.VocabSize}");
        }

        return new ReferenceModel(reference);
    }
}
