using System.Text.Encodings.Web;
using System.Text.Json;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Writes the weights of a model folder front to back, as one <c>model.safetensors</c> or as shards with an index when they pass the size limit (a new
/// shard starts when the next tensor would pass it). Files that are not weights are copied with <see cref="CopyCompanions"/>.
/// </summary>
public sealed class CheckpointWriter : IDisposable
{
    /// <summary>Size limit of a shard when nothing else is said, as in Hugging Face's and mergekit's writers.</summary>
    public const long DefaultMaxShardBytes = 5_000_000_000;

    // Everything that goes with a model beside config and weights: vocabulary, templates, generation defaults, licence. A closed list: no code, no pickle.
    private static readonly string[] Companions =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "vocab.json", "vocab.txt",
        "merges.txt", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja", "chat_template.json", "generation_config.json", "LICENSE",
        "LICENSE.txt", "NOTICE",
    ];

    private readonly string _folder;
    private readonly bool _hash;
    private readonly bool _flushToDisk;
    private readonly List<List<TensorDeclaration>> _shards;
    private readonly Dictionary<string, string> _digests = new(StringComparer.Ordinal);
    private int _shard = -1;
    private long _bytesLeft;
    private SafetensorsWriter? _writer;

    private readonly Func<string, Stream> _createFile;

    private CheckpointWriter(string folder, List<List<TensorDeclaration>> shards, bool hash, bool flushToDisk, Func<string, Stream> createFile)
    {
        _createFile = createFile;
        _folder = folder;
        _shards = shards;
        _hash = hash;
        _flushToDisk = flushToDisk;
    }

    /// <summary>Starts the weights of a folder.</summary>
    /// <param name="folder">An existing folder, usually that of a <see cref="StagedFolder"/>.</param>
    /// <param name="tensors">All tensors in the order in which their data will come.</param>
    /// <param name="maxShardBytes">Size limit of a file; a single larger tensor gets a file of its own.</param>
    /// <param name="hash">Whether to compute each file's SHA-256 on the way.</param>
    /// <param name="flushToDisk">Whether to wait for the disk after each file.</param>
    /// <param name="createFile">Makes the stream for a path; files when null.</param>
    public static CheckpointWriter Create(
        string folder,
        IReadOnlyList<TensorDeclaration> tensors,
        long maxShardBytes = DefaultMaxShardBytes,
        bool hash = true,
        bool flushToDisk = true,
        Func<string, Stream>? createFile = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxShardBytes, 1);
        var shards = new List<List<TensorDeclaration>> { new() };
        var size = 0L;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && size + tensor.ByteLength > maxShardBytes)
            {
                shards.Add([]);
                size = 0;
            }

            shards[^1].Add(tensor);
            size += tensor.ByteLength;
        }

        return new CheckpointWriter(folder, shards, hash, flushToDisk, createFile ?? SafetensorsWriter.CreateFile);
    }

    /// <summary>Appends data of a tensor: the one being written, or the next declared one. Tensors without elements need no call.</summary>
    public void Write(string name, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        while (_bytesLeft == 0)
        {
            Advance();
        }

        _writer!.Write(name, data);
        _bytesLeft -= data.Length;
    }

    /// <summary>Ends the last file and writes the index where there are several.</summary>
    /// <returns>SHA-256 by file name.</returns>
    public IReadOnlyDictionary<string, string> Finish()
    {
        while (_shard + 1 < _shards.Count)
        {
            Advance();
        }

        CloseShard();
        if (_shards.Count > 1)
        {
            var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < _shards.Count; i++)
            {
                foreach (var tensor in _shards[i])
                {
                    map.Add(tensor.Name, FileName(i));
                }
            }

            var index = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["metadata"] = new Dictionary<string, long>(StringComparer.Ordinal)
                {
                    ["total_parameters"] = _shards.Sum(s => s.Sum(t => t.ElementCount)),
                    ["total_size"] = _shards.Sum(s => s.Sum(t => t.ByteLength)),
                },
                ["weight_map"] = map,
            };
            var bytes = JsonSerializer.SerializeToUtf8Bytes(index, IndexOptions);
            AtomicFile.WriteAllBytes(Path.Combine(_folder, Checkpoint.IndexFile), bytes);
            _digests[Checkpoint.IndexFile] = ContentDigest.OfBytes(bytes);
        }

        return _digests;
    }

    /// <inheritdoc />
    public void Dispose() => _writer?.Dispose();

    /// <summary>Copies what goes with a model and is neither weights nor config.json: tokenizer files, chat template, generation config, licence.</summary>
    /// <param name="from">A model folder.</param>
    /// <param name="to">An existing folder.</param>
    /// <param name="tokenizer">False leaves the tokenizer and chat template out (they come from elsewhere).</param>
    public static void CopyCompanions(string from, string to, bool tokenizer = true)
    {
        foreach (var name in Companions)
        {
            var source = Path.Combine(from, name);
            if (File.Exists(source) && (tokenizer || name is "generation_config.json" or "LICENSE" or "LICENSE.txt" or "NOTICE"))
            {
                DiskFull.Guard(to, () => File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(source)));
            }
        }
    }

    private static readonly JsonSerializerOptions IndexOptions = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string FileName(int shard) => _shards.Count == 1 ? Checkpoint.SingleFile : $"model-{shard + 1:D5}-of-{_shards.Count:D5}.safetensors";

    private void Advance()
    {
        CloseShard();
        _shard++;
        if (_shard == _shards.Count)
        {
            throw new InvalidOperationException("all declared tensors are written");
        }

        var path = Path.Combine(_folder, FileName(_shard));
        _writer = SafetensorsWriter.Create(path, _createFile(path), _shards[_shard], metadata: null, _hash);
        _bytesLeft = _shards[_shard].Sum(t => t.ByteLength);
    }

    private void CloseShard()
    {
        if (_writer is not null)
        {
            _digests[FileName(_shard)] = _writer.Finish(_flushToDisk);
            _writer.Dispose();
            _writer = null;
        }
    }
}
