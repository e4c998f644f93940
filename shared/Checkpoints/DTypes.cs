using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>Names and sizes of <see cref="DType"/>.</summary>
public static class DTypes
{
    private static readonly (DType Type, string Name, string Torch, int Size)[] All =
    [
        (DType.F64, "F64", "float64", 8),
        (DType.F32, "F32", "float32", 4),
        (DType.F16, "F16", "float16", 2),
        (DType.BF16, "BF16", "bfloat16", 2),
        (DType.I64, "I64", "int64", 8),
        (DType.I32, "I32", "int32", 4),
        (DType.I16, "I16", "int16", 2),
        (DType.I8, "I8", "int8", 1),
        (DType.U64, "U64", "uint64", 8),
        (DType.U32, "U32", "uint32", 4),
        (DType.U16, "U16", "uint16", 2),
        (DType.U8, "U8", "uint8", 1),
        (DType.Bool, "BOOL", "bool", 1),
        (DType.F8E4M3, "F8_E4M3", "float8_e4m3fn", 1),
        (DType.F8E5M2, "F8_E5M2", "float8_e5m2", 1),
        (DType.F8E8M0, "F8_E8M0", "float8_e8m0fnu", 1),
    ];

    /// <summary>Bytes of one element.</summary>
    public static int ByteSize(this DType type) => Find(type).Size;

    /// <summary>The word in a safetensors header: <c>BF16</c>.</summary>
    public static string SafetensorsName(this DType type) => Find(type).Name;

    /// <summary>The word in a config.json: <c>bfloat16</c>.</summary>
    public static string TorchName(this DType type) => Find(type).Torch;

    /// <summary>Whether it is one of the four float types that arithmetic is done on (F64, F32, F16, BF16).</summary>
    public static bool IsFloat(this DType type) => type is DType.F64 or DType.F32 or DType.F16 or DType.BF16;

    /// <summary>Reads a word of a safetensors header.</summary>
    public static bool TryParseSafetensors(string? name, out DType type) => TryFind(t => t.Name == name, out type);

    /// <summary>Reads a word of a config.json or a merge configuration (<c>float32</c>, with or without <c>torch.</c> before it).</summary>
    /// <exception cref="InvalidInputException">No such type.</exception>
    public static DType ParseTorch(string name)
    {
        var word = name.StartsWith("torch.", StringComparison.Ordinal) ? name["torch.".Length..] : name;
        word = word switch { "half" => "float16", "float" => "float32", "double" => "float64", _ => word };
        return TryFind(t => t.Torch == word, out var type)
            ? type
            : throw new InvalidInputException($"unknown data type '{name}'; valid: {string.Join(", ", All.Select(t => t.Torch))}");
    }

    private static (DType Type, string Name, string Torch, int Size) Find(DType type) => All[(int)type];

    private static bool TryFind(Predicate<(DType Type, string Name, string Torch, int Size)> match, out DType type)
    {
        var i = Array.FindIndex(All, match);
        type = i < 0 ? default : All[i].Type;
        return i >= 0;
    }
}
