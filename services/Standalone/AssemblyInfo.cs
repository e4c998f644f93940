using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("LamdAgent.Standalone.Tests")]
