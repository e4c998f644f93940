namespace LamdAgent.Domain.Scores;

/// <summary>How far two scores are apart.</summary>
/// <param name="Value">The second less the first.</param>
/// <param name="StandardError">
/// Its standard error, the two taken as independent: both models answered the same items, so the true error is rather smaller. Null when one of them has none.
/// </param>
public sealed record ScoreDifference(double Value, double? StandardError)
{
    /// <summary>The difference of two scores with their standard errors.</summary>
    public static ScoreDifference Between((double Score, double? StandardError) from, (double Score, double? StandardError) to) =>
        new(to.Score - from.Score, from.StandardError is { } a && to.StandardError is { } b ? Math.Sqrt((a * a) + (b * b)) : null);

    /// <summary>Whether it is more than two standard errors; null when there is no standard error to tell by.</summary>
    public bool? IsBeyondNoise => StandardError is { } error ? Math.Abs(Value) > 2 * error : null;
}
