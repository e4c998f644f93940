namespace LamdAgent.Tokenization.Datasets;

/// <summary>A problem with one row.</summary>
/// <param name="Line">Line of the file, counted from 1.</param>
/// <param name="Kind">What kind of problem.</param>
/// <param name="Message">What is wrong and what would be right, in one line.</param>
public sealed record DatasetProblem(int Line, DatasetProblemKind Kind, string Message);
