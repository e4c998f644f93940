namespace LamdAgent.Domain.Models;

/// <summary>What a trainer or merger hands in: the model lies published in the artifact store.</summary>
/// <param name="Digest">Digest of the whole folder's content (<c>sha256</c>, hexadecimal).</param>
/// <param name="Artifact">Its name in the artifact store; another attempt's name may differ, the accepted one counts.</param>
/// <param name="Bytes">Size of the folder.</param>
public sealed record ProducedModel(string Digest, string Artifact, long Bytes);
