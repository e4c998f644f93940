namespace LamdAgent.Scale.Tests;

/// <summary>One broker and one store for all tests, one test at a time: what is measured shares the machine with nothing of ours.</summary>
[CollectionDefinition]
public sealed class ScaleSystemCollection : ICollectionFixture<ScaleSystem>;
