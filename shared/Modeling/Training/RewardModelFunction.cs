using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Scoring;
using LamdAgent.Tokenization;

namespace LamdAgent.Modeling.Training;

/// <summary>A trained reward model as reward: the tokens that the policy read and wrote are scored as they are, so both must speak of the same tokens.</summary>
internal sealed class RewardModelFunction : IRewardFunction, IDisposable
{
    private readonly CausalLanguageModel _model;
    private readonly RewardScorer _scorer;

    public RewardModelFunction(string folder, Tokenizer policyTokenizer, ModelLoading loading)
    {
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        _model = CausalLanguageModel.LoadRewardModel(folder, loading);
        _scorer = new RewardScorer(_model);
        if (!Tokenizer.Exists(folder) || !SameTokens(Tokenizer.Load(folder), policyTokenizer))
        {
            _model.Dispose();
            throw new InvalidInputException(folder, null, "the reward model's tokenizer is not that of the trained model, so it cannot judge its tokens; train the reward model from a model of the same family");
        }
    }

    public string Name { get; }

    public IReadOnlyList<double?> Score(IReadOnlyList<GeneratedAnswer> answers, CancellationToken cancellation) =>
        [.. _scorer.Score([.. answers.Select(a => (IReadOnlyList<int>)[.. a.Prompt.PromptIds, .. a.Ids])], cancellation).Select(r => (double?)r)];

    public void Dispose() => _model.Dispose();

    private static bool SameTokens(Tokenizer mine, Tokenizer policy) =>
        mine.MaxTokenId == policy.MaxTokenId && Enumerable.Range(0, mine.MaxTokenId + 1).All(id => mine.IdToToken(id) == policy.IdToToken(id));
}
