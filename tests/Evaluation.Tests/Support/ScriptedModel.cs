namespace LamdAgent.Evaluation.Tests.Support;

/// <summary>A model whose answers are a function of the prompt.</summary>
internal sealed class ScriptedModel(Func<GenerationRequest, string> answer, Func<LogLikelihoodRequest, double>? likelihood = null) : ILanguageModel
{
    public List<GenerationRequest> Requests { get; } = [];

    public List<LogLikelihoodRequest> ScoreRequests { get; } = [];

    public string Digest => "scripted";

    public IReadOnlyList<Generation> Generate(IReadOnlyList<GenerationRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default)
    {
        Requests.AddRange(requests);
        return [.. requests.Select(request => new Generation(answer(request), 1, true))];
    }

    public IReadOnlyList<LogLikelihood> Score(IReadOnlyList<LogLikelihoodRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default)
    {
        ScoreRequests.AddRange(requests);
        return [.. requests.Select(request => new LogLikelihood(likelihood!(request), false, 1))];
    }
}
