using System.Globalization;

namespace LamdAgent.Domain.Steps;

/// <summary>Step ids, unique in their search; the natural key in a store is <c>search/step</c>.</summary>
public static class StepId
{
    /// <summary>The n-th step of a role, counted from 1: <c>s-0001</c>, <c>r-0001</c>, <c>t-0001</c>.</summary>
    public static string Format(StepRole role, int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix(role)}-{number:0000}");

    /// <summary>The key of a step across searches: <c>tool-use/s-0001</c>.</summary>
    public static string Key(string searchId, string stepId) => $"{searchId}/{stepId}";

    private static char Prefix(StepRole role) => role switch
    {
        StepRole.Search => 's',
        StepRole.Reference => 'r',
        _ => 't',
    };
}
