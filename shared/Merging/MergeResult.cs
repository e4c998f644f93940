using LamdAgent.Checkpoints;

namespace LamdAgent.Merging;

/// <summary>A finished merge.</summary>
/// <param name="Folder">The model.</param>
/// <param name="Manifest">Its lamd.json.</param>
/// <param name="Tensors">Number of tensors written.</param>
/// <param name="InputBytes">Bytes of the inputs that were read, each once.</param>
/// <param name="OutputBytes">Bytes of weights written.</param>
/// <param name="Elapsed">Time from opening the inputs to the model's appearance.</param>
/// <param name="Warnings">What a person should know, one line each.</param>
public sealed record MergeResult(
    string Folder,
    ModelManifest Manifest,
    int Tensors,
    long InputBytes,
    long OutputBytes,
    TimeSpan Elapsed,
    IReadOnlyList<string> Warnings);
