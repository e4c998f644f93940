using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Configuration;

namespace LamdAgent.Merging;

/// <summary>
/// What to merge and how: mergekit's YAML read by <see cref="Parse"/>, or made in code. Exactly one of <see cref="Models"/> and <see cref="Slices"/> is
/// filled.
/// </summary>
/// <example>
/// <code>
/// var config = new MergeConfig
/// {
///     Method = "ties",
///     BaseModel = new("base"),
///     Models =
///     [
///         new() { Model = new("a"), Parameters = new() { ["weight"] = 0.5, ["density"] = 0.5 } },
///         new() { Model = new("b"), Parameters = new() { ["weight"] = 0.5, ["density"] = 0.5 } },
///     ],
/// };
/// </code>
/// </example>
public sealed record MergeConfig
{
    /// <summary>The word for a value that is found out.</summary>
    internal const string Automatic = "auto";

    /// <summary>Name of the method, one of <see cref="MergeMethodCatalogue.Names"/>.</summary>
    public required string Method { get; init; }

    /// <summary>Whole models.</summary>
    public IReadOnlyList<MergeSource> Models { get; init; } = [];

    /// <summary>Stretches of layers.</summary>
    public IReadOnlyList<MergeSlice> Slices { get; init; } = [];

    /// <summary>The base, or null.</summary>
    public ModelReference? BaseModel { get; init; }

    /// <summary>Parameters that hold everywhere unless a slice or model says otherwise.</summary>
    public ParameterSet Parameters { get; init; } = new();

    /// <summary>Type into which tensors are converted when they are read, and in which is computed; as stored when null.</summary>
    public DType? DType { get; init; }

    /// <summary>Type of the output; as computed when null.</summary>
    public DType? OutDType { get; init; }

    /// <summary>Whether tensors are written in the type in which the base, or without one the widest of the models, stores them: <c>out_dtype: auto</c>.</summary>
    public bool KeepsStoredType { get; init; }

    /// <summary>Vocabulary of the output; null leaves tokens where they are.</summary>
    public TokenizerSetting? Tokenizer { get; init; }

    /// <summary>A chat template for the output: <c>auto</c>, the name of a built-in one, or Jinja text; null keeps the base's.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Seed of random methods; 0 when nothing is said.</summary>
    public long Seed { get; init; }

    /// <summary>Name under which later stages know the result; null for the last.</summary>
    public string? Name { get; init; }

    /// <summary>Merges that are done first, in order; this one's models may name them.</summary>
    public IReadOnlyList<MergeConfig> Stages { get; init; } = [];

    /// <summary>All models that are named, without those made by earlier stages, each once, the base first.</summary>
    public IReadOnlyList<ModelReference> ModelReferences
    {
        get
        {
            var made = Stages.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
            return [.. Stages.SelectMany(s => s.ModelReferences).Concat(OwnReferences().Where(r => !made.Contains(r.Path))).Distinct()];
        }
    }

    /// <summary>Reads a configuration; a file of several documents is a chain of merges: they use each other by <c>name</c>, the one without makes the result.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="InvalidInputException">Something in it is not right; the message names the line.</exception>
    public static MergeConfig Parse(string yaml, string file) => MergeConfigReader.Read(yaml, file);

    /// <summary>The configuration as JSON, for records.</summary>
    public JsonElement ToJson()
    {
        var json = new JsonObject { ["merge_method"] = Method };
        if (BaseModel is not null)
        {
            json["base_model"] = BaseModel.ToString();
        }

        if (Models.Count > 0)
        {
            json["models"] = new JsonArray([.. Models.Select(Source)]);
        }

        if (Slices.Count > 0)
        {
            json["slices"] = new JsonArray([.. Slices.Select(Slice)]);
        }

        Add(json, Parameters);
        Put("dtype", DType?.TorchName());
        Put("out_dtype", KeepsStoredType ? Automatic : OutDType?.TorchName());
        Put("tokenizer_source", Tokenizer?.Source);
        if (Tokenizer is { Tokens.Count: > 0 })
        {
            json["tokens"] = new JsonObject(Tokenizer.Tokens.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)Token(t.Value))));
        }

        Put("pad_to_multiple_of", Tokenizer?.PadToMultipleOf);
        Put("chat_template", ChatTemplate);
        Put("name", Name);
        if (Seed != 0)
        {
            json["seed"] = Seed;
        }

        if (Stages.Count > 0)
        {
            json["stages"] = new JsonArray([.. Stages.Select(s => JsonNode.Parse(s.ToJson().GetRawText()))]);
        }

        return JsonSerializer.SerializeToElement(json);

        void Put<T>(string key, T? value)
        {
            if (value is not null)
            {
                json[key] = JsonValue.Create(value);
            }
        }

        static JsonNode Slice(MergeSlice slice)
        {
            var node = new JsonObject { ["sources"] = new JsonArray([.. slice.Sources.Select(Source)]) };
            if (slice.BaseModel is { } baseModel)
            {
                node["base_model"] = baseModel.ToString();
            }

            return Add(node, slice.Parameters);
        }

        static JsonNode Token(TokenSetting token) => new JsonObject
        {
            ["kind"] = token.IsZero ? "zero" : token.Model is null ? "default" : "model_token",
            ["model"] = token.Model?.ToString(),
            ["token"] = token.Token,
            ["token_id"] = token.TokenId,
            ["force"] = token.Force,
        };

        static JsonNode Source(MergeSource source)
        {
            var node = new JsonObject { ["model"] = source.Model.ToString() };
            if (source.Layers is { } layers)
            {
                node["layer_range"] = new JsonArray(layers.From, layers.To);
            }

            return Add(node, source.Parameters);
        }

        static JsonObject Add(JsonObject node, ParameterSet parameters)
        {
            if (!parameters.IsEmpty)
            {
                node["parameters"] = parameters.ToJson();
            }

            return node;
        }
    }

    private IEnumerable<ModelReference> OwnReferences()
    {
        if (BaseModel is not null)
        {
            yield return BaseModel;
        }

        foreach (var source in Models.Concat(Slices.SelectMany(s => s.Sources)))
        {
            yield return source.Model;
        }

        foreach (var own in Slices.Select(s => s.BaseModel).OfType<ModelReference>())
        {
            yield return own;
        }

        if (Tokenizer is not null)
        {
            if (Tokenizer.SourceModel is { } donor)
            {
                yield return donor;
            }

            foreach (var token in Tokenizer.Tokens.Values)
            {
                if (token.Model is not null)
                {
                    yield return token.Model;
                }
            }
        }
    }
}
