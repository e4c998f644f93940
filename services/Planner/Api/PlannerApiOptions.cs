namespace LamdAgent.Planner.Api;

/// <summary>Settings of the planner's HTTP API; section <c>PlannerApi</c>.</summary>
public sealed class PlannerApiOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "PlannerApi";

    /// <summary>The token that callers from other machines must bring (<c>Authorization: Bearer ...</c>); null: only loopback is served.</summary>
    public string? Token { get; set; }

    /// <summary>The folder below which every model, dataset and task of a submitted spec must lie: the shared volume. Null: specs cannot be submitted over HTTP.</summary>
    public string? DataRoot { get; set; }
}
