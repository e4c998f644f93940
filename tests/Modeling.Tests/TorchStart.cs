using System.Runtime.CompilerServices;
using LamdAgent.Modeling.Native;

namespace LamdAgent.Modeling.Tests;

/// <summary>Tests make tensors before they touch anything of ours.</summary>
internal static class TorchStart
{
#pragma warning disable CA2255 // a test assembly is an application
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void Load() => TorchRuntime.Initialize();
}
