namespace LamdAgent.Modeling.Adapters;

/// <summary>The adapter of one module: where its matrices are and which part of which projection it changes.</summary>
/// <param name="Name">The module, <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="A">Slot of A, [r, in].</param>
/// <param name="B">Slot of B, [out, r].</param>
/// <param name="Magnitude">Slot of DoRA's magnitudes, [out], or null.</param>
/// <param name="First">First output of the module within its projection.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Scale">Factor on B A.</param>
internal sealed record LoraModule(string Name, int A, int B, int? Magnitude, long First, long Outputs, double Scale);
