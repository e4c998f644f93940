using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("LamdAgent.Checkpoints.Tests")]
