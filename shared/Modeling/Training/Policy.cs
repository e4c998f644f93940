using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Architectures;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>The model that is trained, with what of it is trained.</summary>
internal sealed class Policy(CausalLanguageModel model) : IDisposable
{
    public CausalLanguageModel Model { get; } = model;

    public Device Device => Model.Device;

    /// <summary>The flat buffer that the optimizer moves.</summary>
    public FlatParameters Trained => Model.Parameters;

    public ModelOutput Forward(TargetBatch batch) => Model.Forward(batch.Tokens);

    /// <summary>Writes the trained model into an existing folder.</summary>
    public void Save(string folder, DType? dtype) => Model.Save(folder, dtype);

    public void Dispose() => Model.Dispose();
}
