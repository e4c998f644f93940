using LamdAgent.Evaluation;

namespace LamdAgent.Evaluator.EvaluateModel;

/// <summary>Brings a model folder to life for an evaluation.</summary>
public interface ILanguageModelLoader
{
    /// <summary>Loads a model; the caller disposes it when it is disposable.</summary>
    ILanguageModel Load(string folder, CancellationToken cancellation);
}
