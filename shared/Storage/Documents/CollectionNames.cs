namespace LamdAgent.Storage.Documents;

/// <summary>The collections (tables) of a run store and the version of their layout.</summary>
internal static class CollectionNames
{
    public const int SchemaVersion = 1;

    public const string Searches = "searches";
    public const string Steps = "steps";
    public const string Models = "models";
    public const string Evaluations = "evaluations";
    public const string Metrics = "metrics";
    public const string Memory = "memory";
    public const string PlannerCalls = "planner_calls";

    public static IReadOnlyList<string> All { get; } = [Searches, Steps, Models, Evaluations, Metrics, Memory, PlannerCalls];
}
