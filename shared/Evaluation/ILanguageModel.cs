namespace LamdAgent.Evaluation;

/// <summary>
/// A model as the evaluation sees it: texts in, texts or log-likelihoods out. Answers come in the order of the requests and must not depend on which
/// requests travel together; how many run at once, and in which order, is the implementation's business.
/// </summary>
public interface ILanguageModel
{
    /// <summary>Digest of the weights and tokenizer files: what a score belongs to, and part of the key of cached scores.</summary>
    string Digest { get; }

    /// <summary>Continues every prompt.</summary>
    /// <param name="requests">What to continue; greedy unless a request says otherwise.</param>
    /// <param name="completed">Told the number of finished requests so far.</param>
    /// <param name="cancellation">Stops between batches or tokens.</param>
    IReadOnlyList<Generation> Generate(IReadOnlyList<GenerationRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default);

    /// <summary>The log-likelihood of each continuation after its context.</summary>
    IReadOnlyList<LogLikelihood> Score(IReadOnlyList<LogLikelihoodRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default);
}
