namespace LamdAgent.Hosting.Tests.Bus;

public sealed record BreadBaked
{
    public required int Loaf { get; init; }
}
