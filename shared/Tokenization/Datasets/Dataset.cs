namespace LamdAgent.Tokenization.Datasets;

/// <summary>The rows of a data file as tokens.</summary>
/// <param name="Rows">In the order of the file.</param>
/// <param name="Report">What was found on the way.</param>
/// <param name="ContentDigest">sha256 of the file's content (unpacked, if it is gzip), in lower-case hex: what lineage records.</param>
public sealed record Dataset<TRow>(IReadOnlyList<TRow> Rows, DatasetReport Report, string ContentDigest);
