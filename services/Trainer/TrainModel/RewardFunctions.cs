using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Evaluation;
using LamdAgent.Modeling.Training;

namespace LamdAgent.Trainer.TrainModel;

/// <summary>Graders as rewards, so that training and evaluation agree on what is right.</summary>
public static class RewardFunctions
{
    /// <summary>The reward functions that a recipe names: graders of the evaluation, by their main metric.</summary>
    /// <exception cref="Domain.InvalidInputException">There is no grader of that name.</exception>
    public static IReadOnlyList<IRewardFunction> For(TrainingRecipe recipe) =>
        [.. recipe.Reinforcement.RewardFuncs.Select(name => new GraderReward(name, GraderCatalogue.Create(name)))];

    private sealed class GraderReward(string name, IGrader grader) : IRewardFunction
    {
        public string Name => name;

        public IReadOnlyList<double?> Score(IReadOnlyList<GeneratedAnswer> answers, CancellationToken cancellation)
        {
            var rewards = new double?[answers.Count];
            Parallel.For(0, answers.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                var verdict = grader.Grade(answers[i].Prompt.Item, JsonSerializer.SerializeToElement(answers[i].Text));
                rewards[i] = grader.Metrics.Count > 0 && verdict.Metrics.TryGetValue(grader.Metrics[0], out var value) ? value : null;
            });
            return rewards;
        }
    }
}
