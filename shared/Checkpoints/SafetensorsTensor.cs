namespace LamdAgent.Checkpoints;

/// <summary>One tensor of an open <see cref="SafetensorsFile"/>: its description and its bytes in place, row-major and little-endian.</summary>
public sealed unsafe class SafetensorsTensor
{
    private readonly SafetensorsFile _file;
    private readonly long _offset;

    internal SafetensorsTensor(SafetensorsFile file, SafetensorsEntry entry)
    {
        _file = file;
        _offset = entry.Begin;
        Name = entry.Name;
        DType = entry.DType;
        Shape = entry.Shape;
        ByteLength = entry.End - entry.Begin;
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Dimensions, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes of the data.</summary>
    public long ByteLength { get; }

    /// <summary>Number of elements.</summary>
    public long ElementCount => ByteLength / DType.ByteSize();

    /// <summary>The first byte. Valid until the file is disposed; not necessarily aligned to the element size.</summary>
    public byte* Pointer => _file.Data + _offset;

    /// <summary>All bytes, for tensors under 2 GiB; larger ones are read with <see cref="Slice"/>. Valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Bytes => Slice(0, checked((int)ByteLength));

    /// <summary>A part of the bytes. Valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ByteLength - offset);
        return new ReadOnlySpan<byte>(Pointer + offset, length);
    }

    /// <summary>The same name, type and shape, for writing.</summary>
    public TensorDeclaration Declare() => new(Name, DType, Shape);
}
