using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests;

/// <summary>A file of reference tensors.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile file = SafetensorsFile.Open(path);

    public IEnumerable<string> Names => file.InOrder.Select(t => t.Name);

    public Tensor this[string name]
    {
        get
        {
            TorchRuntime.Initialize();
            var stored = file.Tensors[name];
            var tensor = empty([.. stored.Shape], stored.DType switch { DType.F32 => ScalarType.Float32, DType.I64 => ScalarType.Int64, _ => ScalarType.BFloat16 });
            stored.Bytes.CopyTo(tensor.bytes);
            return tensor;
        }
    }

    public bool Has(string name) => file.Tensors.ContainsKey(name);

    public int[] Ids(string name)
    {
        using var ids = this[name];
        return Array.ConvertAll(ids.data<long>().ToArray(), id => (int)id);
    }

    public int[][] Rows(string name)
    {
        var width = (int)file.Tensors[name].Shape[1];
        return [.. Ids(name).Chunk(width)];
    }

    public void Dispose() => file.Dispose();
}
