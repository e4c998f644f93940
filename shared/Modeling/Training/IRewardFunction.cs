using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>Scores generated answers. Graders of the evaluation are adapted to it by the trainer service, so that training and evaluation agree on what is right.</summary>
public interface IRewardFunction
{
    /// <summary>Name in recipes (<c>reward_funcs</c>) and metrics (<c>rewards/NAME/mean</c>).</summary>
    string Name { get; }

    /// <summary>One reward for each answer; null where the answer cannot be scored.</summary>
    /// <param name="prompts">The row of each answer; several answers share one.</param>
    /// <param name="completions">The answers' text without the end token.</param>
    /// <param name="cancellation">Ends long scoring.</param>
    IReadOnlyList<double?> Score(IReadOnlyList<PromptRow> prompts, IReadOnlyList<string> completions, CancellationToken cancellation);
}
