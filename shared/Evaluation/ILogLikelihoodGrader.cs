using System.Text.Json;

namespace LamdAgent.Evaluation;

/// <summary>A grader that judges log-likelihoods instead of a written answer.</summary>
public interface ILogLikelihoodGrader : IGrader
{
    /// <summary>What to score for a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="prompt">The rendered prompt, few-shot examples included.</param>
    /// <param name="targetDelimiter">Stands between prompt and continuation.</param>
    IReadOnlyList<LogLikelihoodRequest> Requests(JsonElement row, ModelPrompt prompt, string targetDelimiter);

    /// <summary>The response to grade, made from the answers to <see cref="Requests"/>.</summary>
    JsonElement Response(JsonElement row, IReadOnlyList<LogLikelihood> scores);
}
