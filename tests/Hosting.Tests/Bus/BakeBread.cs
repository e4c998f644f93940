namespace LamdAgent.Hosting.Tests.Bus;

public sealed record BakeBread
{
    public required int Loaf { get; init; }
}
