using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Planning;

/// <summary>A merge as decided: every tensor of the output, in output order, and the output's config.</summary>
/// <param name="Tensors">The tensors.</param>
/// <param name="Config">config.json of the output.</param>
/// <param name="Donor">The model whose tokenizer and other files go with the output.</param>
/// <param name="Warnings">What a person should know, one line each.</param>
internal sealed record MergePlan(IReadOnlyList<TensorPlan> Tensors, ModelConfig Config, InputModel Donor, IReadOnlyList<string> Warnings);
