using System.Globalization;

namespace LamdAgent.Domain.Scores;

/// <summary>Scores as people read them.</summary>
public static class ScoreText
{
    /// <summary>"0.783 ± 0.031"; "0.783 ± ?" where there is no standard error, because nothing is known of it then: it is not zero.</summary>
    public static string Of(double score, double? standardError) =>
        string.Create(CultureInfo.InvariantCulture, $"{score:F3} ± ") + (standardError is { } error ? error.ToString("F3", CultureInfo.InvariantCulture) : "?");
}
