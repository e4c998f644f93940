using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("LamdAgent.Merging.Tests")]
[assembly: InternalsVisibleTo("LamdAgent.Benchmarks")]
