namespace LamdAgent.Modeling.Training;

/// <summary>Scores generated answers: graders of the evaluation, adapted by the trainer service so that training and evaluation agree on what is right, and reward models.</summary>
public interface IRewardFunction
{
    /// <summary>Name in recipes (<c>reward_funcs</c>) and metrics (<c>rewards/NAME/mean</c>).</summary>
    string Name { get; }

    /// <summary>One reward for each answer; null where the answer cannot be scored.</summary>
    /// <param name="answers">The answers; several share one prompt.</param>
    /// <param name="cancellation">Ends long scoring.</param>
    IReadOnlyList<double?> Score(IReadOnlyList<GeneratedAnswer> answers, CancellationToken cancellation);
}
