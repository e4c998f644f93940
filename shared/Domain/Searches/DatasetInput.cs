namespace LamdAgent.Domain.Searches;

/// <summary>A dataset as it was found when the search was made.</summary>
/// <param name="Id">Its id in the spec.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Digest">SHA-256 of the file's bytes, hexadecimal; workers refuse a file that no longer has it.</param>
/// <param name="Bytes">Its size.</param>
public sealed record DatasetInput(string Id, string Path, string Digest, long Bytes);
