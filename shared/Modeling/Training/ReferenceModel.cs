using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>The frozen model that a policy is held against.</summary>
internal sealed class ReferenceModel(CausalLanguageModel model) : IDisposable
{
    /// <summary>The model itself, for losses over whole distributions.</summary>
    public CausalLanguageModel Model { get; } = model;

    /// <summary>Log-probabilities of the targets, [M] float32, for the caller's scope.</summary>
    public Tensor Logps(TargetBatch batch, double temperature = 1)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var pass = new HeadPass(Model.Forward(batch.Tokens), batch, Model.Device, temperature);
        return pass.Score().Logps.MoveToOuterDisposeScope();
    }

    public void Dispose() => Model.Dispose();
}
