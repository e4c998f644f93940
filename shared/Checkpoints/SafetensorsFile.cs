using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped: opening reads the header only, tensors are read in place. Thread-safe for reading; spans and pointers taken from
/// it end with <see cref="Dispose"/>.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _data;

    private SafetensorsFile(string path, MemoryMappedFile map, MemoryMappedViewAccessor view, long length)
    {
        Path = path;
        _map = map;
        _view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            start += view.PointerOffset;
            var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, 8));
            if (headerLength > SafetensorsHeader.MaxHeaderBytes)
            {
                throw new InvalidInputException(path, null, $"the safetensors header is not valid: it claims {headerLength} bytes, at most {SafetensorsHeader.MaxHeaderBytes} are allowed");
            }

            if ((long)headerLength > length - 8)
            {
                throw new InvalidInputException(path, null, $"the file is cut short: its header alone should take {headerLength} bytes, {length - 8} are there");
            }

            _data = start + 8 + headerLength;
            var (entries, metadata) = SafetensorsHeader.Parse(new ReadOnlySpan<byte>(start + 8, (int)headerLength), length - 8 - (long)headerLength, path);
            Metadata = metadata;
            InOrder = entries.ConvertAll(e => new SafetensorsTensor(this, e));
            Tensors = InOrder.ToDictionary(t => t.Name, StringComparer.Ordinal);
        }
        catch
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            throw;
        }
    }

    /// <summary>The file's path as given.</summary>
    public string Path { get; }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; }

    /// <summary>Tensors in the order of their data in the file; reading in this order is sequential.</summary>
    public IReadOnlyList<SafetensorsTensor> InOrder { get; }

    /// <summary>The free texts of the header, often <c>format: pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    internal byte* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data is null, this);
            return _data;
        }
    }

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or it is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidInputException(path, null, "no such file");
        }

        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = stream.Length;
            if (length < 8)
            {
                throw new InvalidInputException(path, null, $"the file is cut short: {length} bytes cannot hold a safetensors header");
            }

            map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new SafetensorsFile(path, map, view, length);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException(path, null, "not allowed to read it", e);
        }
        catch
        {
            view?.Dispose();
            map?.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_data is not null)
        {
            _data = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _map.Dispose();
        }
    }
}
