using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Planning;

/// <summary>An open model of a merge, with its adapter if it has one.</summary>
internal sealed class InputModel : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly LoraAdapter? _adapter;
    private readonly string? _embedding;
    private readonly Dictionary<int, List<string>> _layers = [];
    private readonly OrderedDictionary<string, int> _depths;
    private readonly Dictionary<string, SafetensorsTensor> _tensors = new(StringComparer.Ordinal);

    private InputModel(ModelReference reference, Checkpoint checkpoint, LoraAdapter? adapter, ModelManifest? manifest)
    {
        Manifest = manifest;
        Reference = reference;
        _checkpoint = checkpoint;
        _adapter = adapter;
        var prefix = TensorNames.OmittedPrefix(Config.ModelType, checkpoint.Tensors.Keys);
        _depths = CountLayers(checkpoint.InOrder.Where(t => !TensorNames.IsBuffer(t)).Select(t => prefix + t.Name));
        LayerPrefix = _depths.FirstOrDefault(d => d.Value == Config.NumHiddenLayers).Key ?? _depths.Keys.FirstOrDefault();
        foreach (var tensor in checkpoint.InOrder.Where(t => !TensorNames.IsBuffer(t)))
        {
            var name = TensorNames.IsHead(tensor.Name) ? tensor.Name : prefix + tensor.Name;
            _tensors.Add(name, tensor);
            if (TensorNames.SplitLayer(name) is { } split && split.Prefix == LayerPrefix)
            {
                if (!_layers.TryGetValue(split.Layer, out var suffixes))
                {
                    _layers.Add(split.Layer, suffixes = []);
                }

                suffixes.Add(split.Suffix);
            }
            else
            {
                OutsideLayers.Add(name);
                _embedding ??= TensorNames.IsEmbedding(name) ? name : null;
            }
        }

        HasHead = OutsideLayers.Exists(TensorNames.IsHead);
        adapter?.CheckFits(Folder, _tensors);
    }

    /// <summary>The model as named.</summary>
    public ModelReference Reference { get; }

    /// <summary>Its folder.</summary>
    public string Folder => _checkpoint.Folder;

    /// <summary>Its config.json.</summary>
    public ModelConfig Config => _checkpoint.Config;

    /// <summary>Its lamd.json, or null. A model that is named with an adapter has none of its own.</summary>
    public ModelManifest? Manifest { get; }

    /// <summary>What stands before the layer number: <c>model.layers.</c>. Where several towers number their layers, that of the one which the config counts.</summary>
    public string? LayerPrefix { get; }

    /// <summary>Names of tensors outside the layers, in file order; the layers of other towers are among them.</summary>
    public List<string> OutsideLayers { get; } = [];

    /// <summary>Whether the output layer is stored.</summary>
    public bool HasHead { get; }

    /// <summary>Rows of its embedding: no token of it has a larger id. As the config says where there is no embedding.</summary>
    public long VocabularyRows => _embedding is null ? Config.VocabSize : _tensors[_embedding].Shape[0];

    /// <summary>Number of layers, as the config says.</summary>
    public int LayerCount => Config.NumHiddenLayers;

    /// <summary>Bytes of its weights.</summary>
    public long TotalBytes => _checkpoint.TotalBytes;

    /// <summary>Opens a model.</summary>
    /// <param name="reference">As named.</param>
    /// <param name="folder">Where it is.</param>
    /// <param name="adapterFolder">Where its adapter is, or null.</param>
    /// <param name="manifest">What is known of the two together; null: what the folder says, if there is no adapter.</param>
    public static InputModel Open(ModelReference reference, string folder, string? adapterFolder, ModelManifest? manifest = null)
    {
        var checkpoint = Checkpoint.Open(folder);
        LoraAdapter? adapter = null;
        try
        {
            adapter = adapterFolder is null ? null : LoraAdapter.Open(adapterFolder);
            return new InputModel(reference, checkpoint, adapter, manifest ?? (adapterFolder is null ? checkpoint.ReadManifest() : null));
        }
        catch
        {
            adapter?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>What follows the number in the names of a layer's tensors, in file order.</summary>
    /// <exception cref="InvalidInputException">It has no such layer.</exception>
    public IReadOnlyList<string> LayerSuffixes(int layer) =>
        _layers.TryGetValue(layer, out var suffixes)
            ? suffixes
            : throw new InvalidInputException($"{Reference}: layer {layer} is not there; the model has layers 0 to {_layers.Count - 1}");

    /// <summary>Where a tensor outside the layers stands in its own tower, 0 for the first layer to 1 for the last; 0 outside any.</summary>
    public double PositionOf(string name) => TensorNames.SplitLayer(name) is { } split ? TensorNames.Position(split.Layer, _depths[split.Prefix]) : 0;

    /// <summary>A tensor by its whole name, or null when it is not stored. A tied model's output layer is its embedding.</summary>
    public TensorSource? Find(string name)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            return TensorNames.IsHead(name) && name.EndsWith(".weight", StringComparison.Ordinal) && Config.TieWordEmbeddings && _embedding is not null ? Find(_embedding) : null;
        }

        TensorSource stored = new StoredSource(tensor);
        return _adapter?.Apply(name, stored) ?? stored;
    }

    private static OrderedDictionary<string, int> CountLayers(IEnumerable<string> names)
    {
        var depths = new OrderedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (TensorNames.SplitLayer(name) is { } split)
            {
                depths[split.Prefix] = Math.Max(depths.GetValueOrDefault(split.Prefix), split.Layer + 1);
            }
        }

        return depths;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _adapter?.Dispose();
        _checkpoint.Dispose();
    }
}
