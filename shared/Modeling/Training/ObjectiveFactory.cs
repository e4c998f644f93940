using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Generation;
using LamdAgent.Tokenization;

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
                return new KtoObjective(recipe.Preference, data, policy, Reference(recipe, policy, modelFolder, frozen), labelled, evaluationLabelled);
            case TrainingMethod.Distillation or TrainingMethod.Gkd:
                var texts = TrainingRows.Sequences(DatasetFiles.Tokens(data.Train, recipe, modelFolder), recipe, file, pack: recipe.Distillation.Lmbda == 0);
                var evaluationTexts = data.Eval.Count == 0 ? [] : TrainingRows.Sequences(DatasetFiles.Tokens(data.Eval, recipe, modelFolder), recipe, data.Eval[0].Path, pack: false);
                return new DistillationObjective(
                    recipe.Distillation, policy, Teacher(recipe, policy, frozen), texts, evaluationTexts, StopTokens.Of(modelFolder, policy.Model.Config), recipe.Run.Seed);
            case TrainingMethod.Reward:
                var judged = TrainingRows.Preferences(DatasetFiles.Preferences(data.Train, recipe, modelFolder), recipe, file);
                var evaluationJudged = data.Eval.Count == 0 ? [] : TrainingRows.Preferences(DatasetFiles.Preferences(data.Eval, recipe, modelFolder), recipe, data.Eval[0].Path);
                return new RewardObjective(recipe.Preference.CenterRewardsCoefficient, policy, judged, evaluationJudged);
            case TrainingMethod.Grpo or TrainingMethod.Rloo:
                return Reinforcement(recipe, job, policy, modelFolder, frozen);
            default:
                throw new InvalidOperationException($"no objective for method {recipe.Method}");
        }
    }

    private static ReinforcementObjective Reinforcement(TrainingRecipe recipe, TrainingJob job, Policy policy, string modelFolder, ModelLoading frozen)
    {
        var tokenizer = Tokenizer.Load(modelFolder);
        var rows = DatasetFiles.Prompts(recipe.Data.Train, recipe, modelFolder);
        var evaluationRows = DatasetFiles.Prompts(recipe.Data.Eval, recipe, modelFolder);
        var functions = recipe.Reinforcement.RewardFuncs.Select(name => job.Rewards.FirstOrDefault(r => r.Name == name)
            ?? throw new InvalidInputException($"reward_funcs: there is no reward function '{name}'{NearestWord.Hint(name, job.Rewards.Select(r => r.Name))}")).ToList();
        if (functions.Count + recipe.Reinforcement.RewardModels.Count == 0)
        {
            throw new InvalidInputException("the recipe names no reward: give reward_funcs (graders) or reward_model (a folder)");
        }

        var models = recipe.Reinforcement.RewardModels.Select(folder => new RewardModelFunction(folder, tokenizer, frozen)).ToList();
        var reference = recipe.Reinforcement.Beta == 0 ? null : Reference(recipe, policy, modelFolder, frozen);
        var source = new RolloutSource(recipe, policy, reference, [.. functions, .. models], tokenizer, StopTokens.Of(modelFolder, policy.Model.Config));
        return new ReinforcementObjective(recipe, policy, reference, rows, evaluationRows, source, models);
    }

    private static ReferenceModel Teacher(TrainingRecipe recipe, Policy policy, ModelLoading frozen)
    {
        var folder = recipe.Distillation.TeacherModel ?? throw new InvalidInputException("the recipe names no teacher (key 'teacher_model')");
        return new ReferenceModel(WithSameVocabulary(CausalLanguageModel.Load(folder, frozen), policy, "teacher"));
    }

    // The reference is the model as it was at the start, read again from its folder, unless the recipe names another.
    private static ReferenceModel Reference(TrainingRecipe recipe, Policy policy, string modelFolder, ModelLoading frozen)
    {
        if (recipe.Init == "random" && recipe.RefModel is null)
        {
            throw new InvalidInputException("init: random has no trained start that could serve as reference; name a ref_model");
        }

        return policy.Adapters is not null && recipe.RefModel is null
            ? new ReferenceModel(policy)
            : new ReferenceModel(WithSameVocabulary(CausalLanguageModel.Load(recipe.RefModel ?? modelFolder, frozen), policy, "reference"));
    }

    private static CausalLanguageModel WithSameVocabulary(CausalLanguageModel model, Policy policy, string what)
    {
        if (model.Spec.VocabSize == policy.Model.Spec.VocabSize)
        {
            return model;
        }

        model.Dispose();
        throw new InvalidInputException($"the {what} model has a vocabulary of {model.Spec.VocabSize}, the trained model one of {policy.Model.Spec.VocabSize}");
    }
}
