using LamdAgent.Evaluation;
using LamdAgent.Evaluator.Models;

namespace LamdAgent.Evaluator.EvaluateModel;

/// <summary>Loads models with TorchSharp.</summary>
internal sealed class TorchLanguageModelLoader : ILanguageModelLoader
{
    public ILanguageModel Load(string folder, CancellationToken cancellation) => TorchLanguageModel.Load(folder);
}
