using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Writes a safetensors file front to back: the header is known from the declarations, then the data of every tensor follows in the declared order, in
/// pieces of any size. <see cref="Finish"/> makes it durable and gives the file's SHA-256; a writer that is disposed without it leaves a file that
/// readers refuse.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string _path;
    private readonly Stream _stream;
    private readonly IncrementalHash? _hash;
    private readonly IReadOnlyList<TensorDeclaration> _tensors;
    private int _current;
    private long _written;

    private SafetensorsWriter(string path, Stream stream, IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string> metadata, bool hash)
    {
        _path = path;
        _stream = stream;
        _tensors = tensors;
        _hash = hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        Put(Header(tensors, metadata));
        SkipEmpty();
    }

    /// <summary>Starts a new file.</summary>
    /// <param name="path">Must not exist.</param>
    /// <param name="tensors">All tensors, in the order in which their data will come.</param>
    /// <param name="metadata">Free texts; <c>format: pt</c> when left out, which Hugging Face's loaders ask for.</param>
    /// <param name="hash">Whether to compute the SHA-256 on the way.</param>
    public static SafetensorsWriter Create(
        string path,
        IReadOnlyList<TensorDeclaration> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        bool hash = true) => Create(path, CreateFile(path), tensors, metadata, hash);

    /// <summary>The same on a stream, which is disposed with the writer.</summary>
    /// <param name="path">The name to use in messages.</param>
    /// <param name="stream">Where to write.</param>
    /// <param name="tensors">All tensors, in the order in which their data will come.</param>
    /// <param name="metadata">Free texts; <c>format: pt</c> when null.</param>
    /// <param name="hash">Whether to compute the SHA-256 on the way.</param>
    public static SafetensorsWriter Create(
        string path,
        Stream stream,
        IReadOnlyList<TensorDeclaration> tensors,
        IReadOnlyDictionary<string, string>? metadata,
        bool hash)
    {
        try
        {
            return new SafetensorsWriter(path, stream, tensors, metadata ?? DefaultMetadata, hash);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Creates a file for unbuffered writing.</summary>
    internal static FileStream CreateFile(string path) => new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 });

    private static readonly Dictionary<string, string> DefaultMetadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Appends data of a tensor: the one being written, or the next declared one.</summary>
    /// <exception cref="InvalidOperationException">It is another tensor's turn, or the data is more than was declared.</exception>
    public void Write(string name, ReadOnlySpan<byte> data)
    {
        if (_current == _tensors.Count || _tensors[_current].Name != name)
        {
            if (data.IsEmpty)
            {
                return;
            }

            throw new InvalidOperationException($"'{name}' is not the tensor to be written now ({(_current < _tensors.Count ? _tensors[_current].Name : "all are written")})");
        }

        if (data.Length > _tensors[_current].ByteLength - _written)
        {
            throw new InvalidOperationException($"more data than declared for '{name}'");
        }

        Put(data);
        _written += data.Length;
        if (_written == _tensors[_current].ByteLength)
        {
            _current++;
            _written = 0;
            SkipEmpty();
        }
    }

    /// <summary>Ends the file and brings it to the disk.</summary>
    /// <param name="flushToDisk">Whether to wait until the disk has it (fsync).</param>
    /// <returns>SHA-256 of the whole file in lower-case hex; empty when hashing was off.</returns>
    /// <exception cref="InvalidOperationException">Data of a tensor is missing.</exception>
    public string Finish(bool flushToDisk = true)
    {
        if (_current < _tensors.Count)
        {
            throw new InvalidOperationException($"the data of '{_tensors[_current].Name}' is not complete");
        }

        DiskFull.Guard(_path, () =>
        {
            if (flushToDisk && _stream is FileStream file)
            {
                file.Flush(flushToDisk: true);
            }

            _stream.Flush();
            _stream.Dispose();
        });
        return _hash is null ? "" : Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _stream.Dispose();
        _hash?.Dispose();
    }

    // Eight bytes of length, then JSON padded with spaces so that the data starts at a multiple of 8.
    private static byte[] Header(IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                {
                    throw new InvalidOperationException($"a tensor cannot be named '{tensor.Name}' here: the name is taken");
                }

                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType.SafetensorsName());
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset = checked(offset + tensor.ByteLength);
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        var padded = (buffer.WrittenCount + 7) / 8 * 8;
        var header = new byte[8 + padded];
        BinaryPrimitives.WriteInt64LittleEndian(header, padded);
        buffer.WrittenSpan.CopyTo(header.AsSpan(8));
        header.AsSpan(8 + buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (IOException e) when (DiskFull.Is(e))
        {
            throw DiskFull.Error(_path, e);
        }

        _hash?.AppendData(bytes);
    }

    private void SkipEmpty()
    {
        while (_current < _tensors.Count && _tensors[_current].ByteLength == 0)
        {
            _current++;
        }
    }
}
