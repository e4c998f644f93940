using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("LamdAgent.Evaluation.Tests")]
