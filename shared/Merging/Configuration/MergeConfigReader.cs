using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Merging.Configuration;

/// <summary>Reads mergekit's YAML. Every key that mergekit's merge commands know is read or refused with a reason; any other is a mistake.</summary>
internal static class MergeConfigReader
{
    private static readonly string[] BodyKeys = ["models", "slices", "modules"];

    public static MergeConfig Read(string yaml, string file)
    {
        var documents = ConfigDocument.ParseAll(yaml, file);
        var merges = documents.Select(document => (Place: document, Merge: ReadOne(document))).ToList();
        var last = merges.FindIndex(m => m.Merge.Name is null) is var unnamed and >= 0 ? unnamed : merges.Count - 1;
        for (var i = 0; i < merges.Count; i++)
        {
            var (place, merge) = merges[i];
            if (merge.Name is null && i != last)
            {
                throw place.Error("only the merge that makes the result may do without a 'name'; another one has none either");
            }

            if (merge.Name is not null && merges.FindIndex(m => m.Merge.Name == merge.Name) < i)
            {
                throw place.Error($"the name '{merge.Name}' is there twice");
            }
        }

        return merges[last].Merge with { Stages = MergeStages.InOrder(merges, last) };
    }

    private static MergeConfig ReadOne(ConfigMapping root)
    {
        var method = root.Required("merge_method").AsOneOf([.. MergeMethodCatalogue.Names]);
        var bodies = BodyKeys.Where(k => root.Optional(k) is not null).ToList();
        if (bodies.Count != 1)
        {
            if (bodies.Count == 0 && BodyKeys.FirstOrDefault(k => NearestWord.Find(k, root.Entries.Select(e => e.Key)) is not null) is { } meant)
            {
                root.Required(meant); // says in which line the slip is
            }

            throw root.Error($"exactly one of models, slices and modules must be given, found {(bodies.Count == 0 ? "none" : string.Join(" and ", bodies))}");
        }

        var (models, slices, moduleParameters) = ReadBody(root);
        var keepsStoredType = root.Optional("out_dtype") is ConfigScalar { Text: MergeConfig.Automatic };
        var config = new MergeConfig
        {
            Method = method,
            Models = models,
            // A module's parameters stand between those of its slices and the global ones.
            Slices = slices,
            BaseModel = root.Optional("base_model") is { } baseModel ? ReadModel(baseModel) : null,
            Parameters = ParameterSet.Read(root.Optional("parameters")).Under(moduleParameters),
            DType = ReadType(root.Optional("dtype")),
            OutDType = keepsStoredType ? null : ReadType(root.Optional("out_dtype")),
            KeepsStoredType = keepsStoredType,
            Tokenizer = ReadTokenizer(root),
            ChatTemplate = root.Optional("chat_template")?.AsString(),
            Seed = root.Optional("seed")?.AsLong() ?? 0,
            Name = root.Optional("name")?.AsString(),
        };
        root.RejectUnknownKeys();
        return config;
    }

    private static (IReadOnlyList<MergeSource> Models, IReadOnlyList<MergeSlice> Slices, ParameterSet Parameters) ReadBody(ConfigMapping body)
    {
        if (body.Optional("modules") is { } modules)
        {
            var entries = modules.AsMapping().Entries;
            if (entries.Count != 1)
            {
                throw modules.Error($"one module can be merged at a time, found {entries.Count}");
            }

            var module = entries[0].Value.AsMapping();
            var (models, slices, _) = ReadBody(module);
            if ((models.Count == 0) == (slices.Count == 0))
            {
                throw module.Error("exactly one of models and slices must be given");
            }

            var parameters = ParameterSet.Read(module.Optional("parameters"));
            module.RejectUnknownKeys();
            return (models, slices, parameters);
        }

        return (
            body.Optional("models") is { } list ? NotEmpty(list).Select(n => ReadSource(n, inSlice: false)).ToList() : [],
            body.Optional("slices") is { } parts ? NotEmpty(parts).Select(ReadSlice).ToList() : [],
            new ParameterSet());
    }

    private static ConfigSequence NotEmpty(ConfigNode node) => node.AsSequence() is { Count: > 0 } list ? list : throw node.Error("at least one entry is needed");

    private static MergeSlice ReadSlice(ConfigNode node)
    {
        var slice = node.AsMapping();
        var sources = NotEmpty(slice.Required("sources")).Select(n => ReadSource(n, inSlice: true)).ToList();
        var lengths = sources.Select(s => s.Layers!.Value.To - s.Layers.Value.From).Distinct().ToList();
        if (lengths.Count > 1)
        {
            throw slice.Error($"all sources of a slice need the same number of layers, found {string.Join(" and ", lengths)}");
        }

        var parameters = ParameterSet.Read(slice.Optional("parameters"));
        var baseModel = slice.Optional("base_model") is { } own ? ReadModel(own) : null;
        if (slice.Optional("residual_weight") is { } residual)
        {
            throw residual.Error("residual_weight does nothing in mergekit and is not supported; take it out");
        }

        slice.RejectUnknownKeys();
        return new MergeSlice { Sources = sources, Parameters = parameters, BaseModel = baseModel };
    }

    private static MergeSource ReadSource(ConfigNode node, bool inSlice)
    {
        var source = node.AsMapping();
        var model = ReadModel(source.Required("model"));
        (int, int)? layers = null;
        if (inSlice)
        {
            var range = source.Required("layer_range").AsSequence();
            if (range.Count != 2)
            {
                throw range.Error("a layer range is [first, one past the last]");
            }

            var (from, to) = (range[0].AsInt(0), range[1].AsInt(0));
            layers = from < to ? (from, to) : throw range.Error($"the range {from} to {to} has no layers");
        }

        var parameters = ParameterSet.Read(source.Optional("parameters"));
        source.RejectUnknownKeys();
        return new MergeSource { Model = model, Layers = layers, Parameters = parameters };
    }

    /// <summary>A model as text or in mergekit's long form <c>{model: {path}, lora: {path}}</c>.</summary>
    public static ModelReference ReadModel(ConfigNode node)
    {
        if (node is not ConfigMapping mapping)
        {
            try
            {
                return ModelReference.Parse(node.AsString());
            }
            catch (InvalidInputException e) when (e.File is null)
            {
                throw node.Error(e.Message);
            }
        }

        var path = ReadPath(mapping.Required("model"));
        var adapter = mapping.Optional("lora") is { } lora ? ReadPath(lora) : null;
        mapping.RejectUnknownKeys();
        return new ModelReference(path, adapter);
    }

    private static string ReadPath(ConfigNode node)
    {
        if (node is not ConfigMapping mapping)
        {
            return node.AsString();
        }

        var path = mapping.Required("path").AsString();
        if (mapping.Optional("revision") is { } revision)
        {
            throw revision.Error("a revision is something only a hub knows; download it and name its folder");
        }

        mapping.RejectUnknownKeys();
        return path;
    }

    private static DType? ReadType(ConfigNode? node)
    {
        if (node is null)
        {
            return null;
        }

        try
        {
            var type = DTypes.ParseTorch(node.AsString());
            return type.IsFloat() ? type : throw new InvalidInputException($"{type.TorchName()} is not a type to compute with; valid: float32, bfloat16, float16, float64");
        }
        catch (InvalidInputException e) when (e.File is null)
        {
            throw node.Error(e.Message);
        }
    }

    private static TokenizerSetting? ReadTokenizer(ConfigMapping root)
    {
        var source = root.Optional("tokenizer_source");
        if (root.Optional("tokenizer") is not { } node)
        {
            return source is null ? null : new TokenizerSetting { Source = ReadModel(source).ToString() };
        }

        if (source is not null)
        {
            throw node.Error("only one of tokenizer and tokenizer_source can be given");
        }

        var block = node.AsMapping();
        var setting = new TokenizerSetting
        {
            Source = block.Optional("source") is { } named ? ReadModel(named).ToString() : "union",
            PadToMultipleOf = block.Optional("pad_to_multiple_of")?.AsInt(1),
            Tokens = ReadTokens(block.Optional("tokens")),
        };
        block.RejectUnknownKeys();
        return setting;
    }

    private static OrderedDictionary<string, TokenSetting> ReadTokens(ConfigNode? node)
    {
        var tokens = new OrderedDictionary<string, TokenSetting>(StringComparer.Ordinal);
        foreach (var (token, _, value) in node?.AsMapping().Entries ?? [])
        {
            var entry = value.AsMapping();
            var force = entry.Optional("force")?.AsBool() ?? false;
            var setting = ReadTokenSource(entry.Optional("source")) with { Force = force };
            entry.RejectUnknownKeys();
            tokens.Add(token, setting);
        }

        return tokens;
    }

    private static TokenSetting ReadTokenSource(ConfigNode? node)
    {
        if (node is not ConfigMapping source)
        {
            return node is null ? new TokenSetting() : new TokenSetting { Model = ReadModel(node) };
        }

        // mergekit names two kinds, {kind: zero} and {kind: model_token, model, token | token_id}, and takes a model in its long form.
        if (source.Optional("model") is ConfigMapping && source.Optional("kind") is null)
        {
            return new TokenSetting { Model = ReadModel(source) };
        }

        var kind = source.Optional("kind")?.AsOneOf(["zero", "model_token"]) ?? "model_token";
        if (kind == "zero")
        {
            source.RejectUnknownKeys();
            return new TokenSetting { IsZero = true };
        }

        var setting = new TokenSetting
        {
            Model = ReadModel(source.Required("model")),
            Token = source.Optional("token")?.AsString(),
            TokenId = source.Optional("token_id")?.AsInt(0),
        };
        if (setting.Token is not null && setting.TokenId is not null)
        {
            throw source.Error("only one of token and token_id can be given");
        }

        source.RejectUnknownKeys();
        return setting;
    }
}
