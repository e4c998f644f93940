using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>The frozen model that a policy is held against: a second model, or the policy's own base with its adapters taken off, which costs no memory.</summary>
internal sealed class ReferenceModel : IDisposable
{
    private readonly CausalLanguageModel _model;
    private readonly LoraAdapters? _takenOff;

    /// <summary>A model of its own, which is disposed with this object.</summary>
    public ReferenceModel(CausalLanguageModel model) => _model = model;

    /// <summary>The base of a policy with adapters.</summary>
    public ReferenceModel(Policy policy) => (_model, _takenOff) = (policy.Model, policy.Adapters);

    /// <summary>Log-probabilities of the targets, [M] float32, for the caller's scope.</summary>
    public Tensor Logps(TargetBatch batch, double temperature = 1)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        return Pass(batch, temperature).Score().Logps.MoveToOuterDisposeScope();
    }

    /// <summary>A pass whose logits can be asked for in chunks. Call under <c>no_grad</c>.</summary>
    public HeadPass Pass(TargetBatch batch, double temperature)
    {
        _takenOff?.Detach();
        try
        {
            return new HeadPass(_model.Forward(batch.Tokens), batch, _model.Device, temperature);
        }
        finally
        {
            if (_takenOff is not null)
            {
                _model.Adapters = _takenOff;
            }
        }
    }

    public void Dispose()
    {
        if (_takenOff is null)
        {
            _model.Dispose();
        }
    }
}
