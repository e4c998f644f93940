using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Configuration;
using LamdAgent.Merging.Planning;
using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>
/// Brings the embeddings of several models to one vocabulary, row by row, as mergekit does: a model's own row where it has the token; else the source that
/// the configuration names for it; else the row of the only merged model that has it; else the base's; else the mean of those that have it. What no merged model has comes
/// from the others that are named.
/// </summary>
internal sealed class TokenAlignment
{
    private readonly IReadOnlyDictionary<ModelReference, InputModel> _models;
    private readonly Dictionary<ModelReference, Vocabulary> _vocabularies;
    private readonly TokenizerSetting _setting;
    private readonly DType? _load;
    private readonly List<string> _notes = [];
    private readonly HashSet<ModelReference> _borrowed = [];

    private TokenAlignment(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> models)
    {
        _models = models;
        _setting = config.Tokenizer!;
        _load = config.DType;
        var first = config.BaseModel ?? models.Keys.First();
        _vocabularies = ReadVocabularies(first);
        Donor = _setting.SourceModel ?? first;
        if (_borrowed.Contains(Donor))
        {
            throw new InvalidInputException(_models[Donor].Folder, null, "the tokenizer is to come from here, and there is none");
        }

        foreach (var (token, id) in _vocabularies[Donor].Ids)
        {
            Output[token] = id;
        }

        var next = _vocabularies[Donor].Rows;
        if (_setting.Source == "union")
        {
            // Words before added tokens, each by model and then by id.
            foreach (var added in new[] { false, true })
            {
                foreach (var vocabulary in models.Keys.Select(m => _vocabularies[m]))
                {
                    foreach (var (token, _) in vocabulary.Ids.Where(t => vocabulary.AddedEntry(t.Key) is not null == added).OrderBy(t => t.Value))
                    {
                        next += Append(token, next) ? 1 : 0;
                    }
                }
            }
        }

        foreach (var token in _setting.Tokens.Keys)
        {
            next += Append(token, next) ? 1 : 0;
        }

        Rows = next;
        PaddedRows = _setting.PadToMultipleOf is { } multiple ? (next + multiple - 1) / multiple * multiple : next;
        CheckTokenSources();
    }

    /// <summary>The model whose tokenizer the output has.</summary>
    public ModelReference Donor { get; }

    /// <summary>Ids by token of the output.</summary>
    public Dictionary<string, int> Output { get; } = new(StringComparer.Ordinal);

    /// <summary>Tokens that the donor's tokenizer lacks, in order of their ids, with their entry among the added tokens of a model that has one.</summary>
    public List<(string Token, int Id, System.Text.Json.JsonElement? Entry)> NewTokens { get; } = [];

    /// <summary>Tokens of the donor's tokenizer for which it has no row, with their ids: they leave it.</summary>
    public IReadOnlyDictionary<string, int> RowlessTokens => _vocabularies[Donor].Rowless;

    /// <summary>Rows of the output that belong to the vocabulary.</summary>
    public int Rows { get; }

    /// <summary>Rows of the output with the padding.</summary>
    public int PaddedRows { get; }

    /// <summary>What a person should know.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Prepares the alignment of a configuration's models, or null when it leaves tokens alone.</summary>
    /// <exception cref="InvalidInputException">A tokenizer is missing, or the setting names what is not there.</exception>
    public static TokenAlignment? Create(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> models) =>
        config.Tokenizer is null ? null : new TokenAlignment(config, models);

    /// <summary>A model's embedding or output layer with its rows in the order of the output's vocabulary.</summary>
    /// <param name="merged">The models that are merged into the tensor.</param>
    /// <param name="index">Which of them this is.</param>
    /// <param name="baseModel">The base of that merge, or null.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="own">This model's version.</param>
    public TensorSource Apply(IReadOnlyList<ModelReference> merged, int index, ModelReference? baseModel, string name, TensorSource own)
    {
        var model = merged[index];
        var tensors = new Dictionary<ModelReference, TensorSource?> { [model] = own };
        var rows = new TokenRow[Rows];
        foreach (var (token, id) in Output)
        {
            var setting = _setting.Tokens.GetValueOrDefault(token);
            rows[id] = setting?.Force != true && _vocabularies[model].Ids.TryGetValue(token, out var row)
                ? Row(model, row)
                : Default(token, setting);
        }

        for (var id = 0; id < rows.Length; id++)
        {
            // An id that no token has: keep the donor's row where there is one.
            rows[id] ??= new TokenRow(Tensor(Donor) is { } donor && id < donor.Shape[0] ? [(donor, id)] : []);
        }

        return new TokenRowsSource(own, rows, PaddedRows, _load ?? own.DType);

        TokenRow Default(string token, TokenSetting? setting)
        {
            if (setting?.IsZero == true)
            {
                return new TokenRow([]);
            }

            if (setting?.Model is { } source)
            {
                return Row(source, setting.TokenId ?? _vocabularies[source].Ids[setting.Token ?? token]);
            }

            var owners = Owners(token, merged);
            if (owners.Count == 0)
            {
                owners = Owners(token, _vocabularies.Keys);
            }

            if (owners.Count > 1 && baseModel is not null && owners.Contains(baseModel))
            {
                owners = [baseModel];
            }

            return owners.Count > 0
                ? new TokenRow([.. owners.SelectMany(o => Row(o, _vocabularies[o].Ids[token]).Parts)])
                : throw new InvalidInputException($"the token '{token}' is in none of the models; name a source for it under tokenizer.tokens");
        }

        TokenRow Row(ModelReference reference, int row)
        {
            var tensor = Tensor(reference) ?? throw new InvalidInputException($"{reference} has no {name} to take a token's row from");
            return row < tensor.Shape[0]
                ? new TokenRow([(tensor, row)])
                : throw new InvalidInputException($"{reference}: row {row} is asked for, its {name} has {tensor.Shape[0]} rows");
        }

        TensorSource? Tensor(ModelReference reference)
        {
            if (!tensors.TryGetValue(reference, out var tensor))
            {
                tensors.Add(reference, tensor = _models[reference].Find(name));
                if (tensor is not null && !tensor.Shape.Skip(1).SequenceEqual(own.Shape.Skip(1)))
                {
                    throw new InvalidInputException($"the tensor {name} has rows of {string.Join("x", tensor.Shape.Skip(1))} in {reference} and of {string.Join("x", own.Shape.Skip(1))} in {model}");
                }
            }

            return tensor;
        }
    }

    // A model without a tokenizer is taken to have that of the first, as mergekit does.
    private Dictionary<ModelReference, Vocabulary> ReadVocabularies(ModelReference first)
    {
        var fallback = Vocabulary.Find(_models[first].Folder, _models[first].VocabularyRows)
            ?? throw new InvalidInputException(_models[first].Folder, null, "a tokenizer setting needs the tokenizer of the base or first model; here are neither tokenizer.json nor vocab.json");
        var vocabularies = new Dictionary<ModelReference, Vocabulary>();
        foreach (var (reference, model) in _models)
        {
            if (reference == first)
            {
                vocabularies.Add(reference, fallback);
            }
            else if (Vocabulary.Find(model.Folder, model.VocabularyRows) is { } own)
            {
                vocabularies.Add(reference, own);
            }
            else
            {
                vocabularies.Add(reference, fallback.For(model.VocabularyRows));
                _borrowed.Add(reference);
                _notes.Add($"{reference} has no tokenizer: its tokens are taken to be those of {first}");
            }

            if (vocabularies[reference].Rowless is { Count: > 0 } rowless)
            {
                _notes.Add($"{reference}: {rowless.Count} token(s) of its tokenizer have no row in its embedding and are left out: {string.Join(", ", rowless.OrderBy(t => t.Value).Take(5).Select(t => t.Key))}");
            }
        }

        return vocabularies;
    }

    private List<ModelReference> Owners(string token, IEnumerable<ModelReference> models) => [.. models.Distinct().Where(m => _vocabularies[m].Ids.ContainsKey(token))];

    private bool Append(string token, int id)
    {
        if (!Output.TryAdd(token, id))
        {
            return false;
        }

        NewTokens.Add((token, id, _vocabularies.Values.Select(v => v.AddedEntry(token)).FirstOrDefault(e => e is not null)));
        return true;
    }

    private void CheckTokenSources()
    {
        foreach (var (token, setting) in _setting.Tokens)
        {
            if (setting is { Model: { } model, TokenId: null } && !_vocabularies[model].Ids.ContainsKey(setting.Token ?? token))
            {
                throw new InvalidInputException($"tokenizer.tokens: {model} has no token '{setting.Token ?? token}'");
            }
        }
    }
}
