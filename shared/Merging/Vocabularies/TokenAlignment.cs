using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Configuration;
using LamdAgent.Merging.Planning;
using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>
/// Brings the embeddings of several models to one vocabulary, row by row, as mergekit does: a model's own row where it has the token; else the source that
/// the configuration names for it; else the row of the only model that has it; else the base's; else the mean of those that have it.
/// </summary>
internal sealed class TokenAlignment
{
    private readonly IReadOnlyDictionary<ModelReference, InputModel> _models;
    private readonly Dictionary<ModelReference, Vocabulary> _vocabularies;
    private readonly TokenizerSetting _setting;
    private readonly ModelReference? _base;
    private readonly DType? _load;

    private TokenAlignment(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> models)
    {
        _models = models;
        _setting = config.Tokenizer!;
        _base = config.BaseModel;
        _load = config.DType;
        _vocabularies = models.ToDictionary(m => m.Key, m => Vocabulary.Read(m.Value.Folder));
        Donor = _setting.Source switch
        {
            "base" or "union" => config.BaseModel ?? models.Keys.First(),
            var name => FindDonor(name),
        };
        var donor = _vocabularies[Donor];
        foreach (var (token, id) in donor.Ids)
        {
            Output[token] = id;
        }

        var next = donor.Rows;
        if (_setting.Source == "union")
        {
            foreach (var model in models.Keys)
            {
                foreach (var (token, _) in _vocabularies[model].Ids.OrderBy(t => t.Value))
                {
                    next += Append(token, next) ? 1 : 0;
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

    /// <summary>Rows of the output that belong to the vocabulary.</summary>
    public int Rows { get; }

    /// <summary>Rows of the output with the padding.</summary>
    public int PaddedRows { get; }

    /// <summary>Prepares the alignment of a configuration's models, or null when it leaves tokens alone.</summary>
    /// <exception cref="InvalidInputException">A tokenizer is missing, or the setting names what is not there.</exception>
    public static TokenAlignment? Create(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> models) =>
        config.Tokenizer is null ? null : new TokenAlignment(config, models);

    /// <summary>A model's embedding or output layer with its rows in the order of the output's vocabulary.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="own">Its own version.</param>
    public TensorSource Apply(ModelReference model, string name, TensorSource own)
    {
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

            var owners = _vocabularies.Where(v => v.Value.Ids.ContainsKey(token)).Select(v => v.Key).ToList();
            if (owners.Count > 1 && _base is not null && owners.Contains(_base))
            {
                owners = [_base];
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
                : throw new InvalidInputException($"{reference}: its tokenizer has the id {row}, its {name} only {tensor.Shape[0]} rows; the tokenizer does not fit the model");
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

    private ModelReference FindDonor(string name)
    {
        var wanted = name.StartsWith("model:", StringComparison.Ordinal) ? name["model:".Length..] : name;
        return _models.Keys.FirstOrDefault(m => m.ToString() == wanted || m.Path == wanted)
            ?? throw new InvalidInputException($"the tokenizer source '{name}' is none of union, base and the merged models ({string.Join(", ", _models.Keys)})");
    }

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
