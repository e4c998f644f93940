using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Configuration;
using LamdAgent.Merging.Methods;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Sources;
using LamdAgent.Merging.Vocabularies;

namespace LamdAgent.Merging.Planning;

/// <summary>
/// Decides what every output tensor is made of. Works on names and shapes only; whatever does not fit together is refused here, by the tensor's name,
/// before a byte is written.
/// </summary>
internal sealed class MergePlanner
{
    private readonly MergeConfig _config;
    private readonly MergeMethod _method;
    private readonly IReadOnlyDictionary<ModelReference, InputModel> _inputs;
    private readonly TokenAlignment? _tokens;
    private readonly long _seed;
    private readonly SortedSet<string> _warnings = new(StringComparer.Ordinal);

    private MergePlanner(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> inputs, TokenAlignment? tokens, long seed)
    {
        _config = config;
        _method = MergeMethodCatalogue.Find(config.Method) ?? throw new InvalidInputException($"there is no merge method '{config.Method}'");
        _inputs = inputs;
        _tokens = tokens;
        _seed = seed;
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="config">What to merge.</param>
    /// <param name="inputs">All its models, open.</param>
    /// <param name="tokens">How vocabularies are brought together, or null when the configuration leaves them alone.</param>
    /// <param name="seed">Seed of random methods.</param>
    public static MergePlan Plan(MergeConfig config, IReadOnlyDictionary<ModelReference, InputModel> inputs, TokenAlignment? tokens, long seed) =>
        new MergePlanner(config, inputs, tokens, seed).Plan();

    private MergePlan Plan()
    {
        CheckRequirements();
        var slices = Slices();
        CheckArchitecture(slices);
        var parts = Parts(slices);
        var tensors = parts.ConvertAll(PlanTensor);
        WarnOfUnusedParameters(slices);
        var donor = Donor(slices);
        return new MergePlan(tensors, OutputConfig(donor, tensors, slices), donor, [.. _warnings]);
    }

    private void CheckRequirements()
    {
        if (_method.Base == BaseModelUse.Required && _config.BaseModel is null && (_config.Slices.Count == 0 || _config.Slices.Any(s => s.BaseModel is null)))
        {
            throw new InvalidInputException($"{_method.Name} needs base_model");
        }
    }

    // The models form is one slice of all layers. Models that stand there twice count once, with the parameters of the first.
    private List<MergeSlice> Slices()
    {
        if (_config.Slices.Count > 0)
        {
            foreach (var slice in _config.Slices)
            {
                foreach (var source in slice.Sources)
                {
                    var (from, to) = source.Layers!.Value;
                    if (to > _inputs[source.Model].LayerCount)
                    {
                        throw new InvalidInputException($"{source.Model}: layer range [{from}, {to}] goes beyond its {_inputs[source.Model].LayerCount} layers");
                    }
                }
            }

            return [.. _config.Slices.Select(s => s with { Sources = Distinct(s.Sources) })];
        }

        var sources = Distinct(_config.Models);
        if (_config.BaseModel is { } baseModel && sources.TrueForAll(s => s.Model != baseModel))
        {
            sources.Add(new MergeSource { Model = baseModel });
        }

        var counts = sources.Select(s => _inputs[s.Model].LayerCount).Distinct().ToList();
        if (counts.Count > 1)
        {
            throw new InvalidInputException($"models with different numbers of layers cannot be merged: {string.Join(", ", sources.Select(s => $"{s.Model} has {_inputs[s.Model].LayerCount}"))}");
        }

        return [new MergeSlice { Sources = [.. sources.Select(s => s with { Layers = (0, counts[0]) })] }];

        static List<MergeSource> Distinct(IReadOnlyList<MergeSource> sources) => [.. sources.DistinctBy(s => (s.Model, s.Layers))];
    }

    private void CheckArchitecture(List<MergeSlice> slices)
    {
        var models = slices.SelectMany(s => s.Sources).Select(s => s.Model).Distinct().Select(r => _inputs[r]).ToList();
        var first = models[0];
        foreach (var model in models)
        {
            if (model.Config.ModelType != first.Config.ModelType)
            {
                throw new InvalidInputException($"different architectures cannot be merged: {first.Reference} is {first.Config.ModelType}, {model.Reference} is {model.Config.ModelType}");
            }

            if (model.LayerPrefix != first.LayerPrefix)
            {
                throw new InvalidInputException($"{model.Reference} names its layers '{model.LayerPrefix}', {first.Reference} '{first.LayerPrefix}'; save both with the same tool first");
            }
        }
    }

    // Every output tensor with the sources that supply it: embedding by the first slice, layers in order, the rest by the last slice.
    private List<TensorPart> Parts(List<MergeSlice> slices)
    {
        var parts = new List<TensorPart>();
        var (first, last) = (slices[0], slices[^1]);
        var ends = last.Sources.Take(first.Sources.Count).ToList();
        parts.AddRange(OutsideLayers(first.Sources, before: true).Select(name => new TensorPart(name, first, [.. first.Sources.Select(s => (s, name))], Position(first, name))));
        var layer = 0;
        foreach (var slice in slices)
        {
            var count = slice.Sources[0].Layers!.Value.To - slice.Sources[0].Layers!.Value.From;
            for (var i = 0; i < count; i++, layer++)
            {
                var position = TensorNames.Position(i, count);
                foreach (var suffix in Suffixes(slice, i))
                {
                    var prefix = _inputs[slice.Sources[0].Model].LayerPrefix;
                    parts.Add(new TensorPart($"{prefix}{layer}{suffix}", slice, [.. slice.Sources.Select(s => (s, $"{prefix}{s.Layers!.Value.From + i}{suffix}"))], position));
                }
            }
        }

        parts.AddRange(OutsideLayers(ends, before: false).Select(name => new TensorPart(name, last, [.. ends.Select(s => (s, name))], Position(last, name))));
        return parts;
    }

    private double Position(MergeSlice slice, string name) => slice.Sources.Select(s => _inputs[s.Model]).First(m => m.OutsideLayers.Contains(name)).PositionOf(name);

    private List<string> OutsideLayers(IReadOnlyList<MergeSource> sources, bool before) =>
        [.. sources.SelectMany(s => _inputs[s.Model].OutsideLayers).Where(n => TensorNames.IsBeforeLayers(n) == before).Distinct(StringComparer.Ordinal)];

    private List<string> Suffixes(MergeSlice slice, int offset) =>
        [.. slice.Sources.SelectMany(s => _inputs[s.Model].LayerSuffixes(s.Layers!.Value.From + offset)).Distinct(StringComparer.Ordinal)];

    private TensorPlan PlanTensor(TensorPart part)
    {
        var baseModel = part.Slice.BaseModel ?? _config.BaseModel;
        var baseIndex = baseModel is null ? -1 : part.Sources.FindIndex(s => s.Source.Model == baseModel);
        var lone = part.Sources.Count == 1 && (_method.CopiesLoneModel || (baseIndex == 0 && _method.Base == BaseModelUse.Required));
        if (baseIndex < 0 && !lone && _method.Base == BaseModelUse.Required)
        {
            throw new InvalidInputException($"{_method.Name} needs the base model {baseModel} among the sources of {part.Name}");
        }

        if (!lone)
        {
            CheckCount(part, baseIndex);
        }

        var sources = part.Sources.ConvertAll(s => _inputs[s.Source.Model].Find(s.Name)
            ?? throw new InvalidInputException($"the tensor {s.Name} is in some of the models and not in {s.Source.Model}; models of different make cannot be merged"));
        if (sources.Exists(s => !s.DType.IsFloat()))
        {
            return PlanCopy(part, sources);
        }

        var shape = Align(part, sources, baseIndex);
        var operands = part.Sources.Select((s, i) => new TensorOperand(s.Source.Model.ToString(), sources[i], ModelParameters(part, s, i == baseIndex))).ToList();
        var types = sources.ConvertAll(s => _config.DType ?? s.DType);
        var method = lone ? PassthroughMerge.Unscaled : _method;
        if (lone)
        {
            operands = [operands[0] with { Parameters = PassthroughMerge.NoScale }];
        }

        var (arithmetic, result) = method.Types(types, baseIndex);
        var plan = new TensorPlan
        {
            Name = part.Name,
            Shape = shape,
            Method = method,
            Operands = operands,
            Base = baseIndex,
            Parameters = TensorParameters(part),
            Load = _config.DType,
            Arithmetic = arithmetic,
            Result = result,
            Output = _config.OutDType ?? (_config.KeepsStoredType ? StoredType(sources, baseIndex) : result),
            Seed = CounterRandom.Seed(_seed, part.Name),
        };
        method.Check(plan);
        if (method.FindSurprise(plan) is { } surprise)
        {
            _warnings.Add($"{_method.Name}: {surprise}");
        }

        return plan;
    }

    private static DType StoredType(List<TensorSource> sources, int baseIndex) =>
        baseIndex >= 0 ? sources[baseIndex].DType : sources.Select(s => s.DType).Aggregate(MergeMethod.Promote);

    private void CheckCount(TensorPart part, int baseIndex)
    {
        var count = part.Sources.Count - (!_method.CountsBase && _method.Base != BaseModelUse.AnyModel && baseIndex >= 0 ? 1 : 0);
        if (count < _method.MinModels || count > _method.MaxModels)
        {
            var wanted = _method.MinModels == _method.MaxModels ? $"{_method.MinModels}" : _method.MaxModels == int.MaxValue ? $"at least {_method.MinModels}" : $"{_method.MinModels} to {_method.MaxModels}";
            throw new InvalidInputException($"{_method.Name} takes {wanted} model(s){(_method.CountsBase ? ", the base counted (a base that is not listed is added)" : _method.Base == BaseModelUse.Required ? " besides the base" : "")}, found {count}");
        }
    }

    // Tensors that are not numbers to compute with (quantised, integers) can only be taken over.
    private TensorPlan PlanCopy(TensorPart part, List<TensorSource> sources)
    {
        foreach (var source in sources.Skip(1))
        {
            if (source.Stored is not { } a || sources[0].Stored is not { } b || a.DType != b.DType || !a.Shape.SequenceEqual(b.Shape) || !SameBytes(a, b))
            {
                throw new InvalidInputException($"the tensor {part.Name} of type {source.DType.SafetensorsName()} is not the same in all models and cannot be computed with");
            }
        }

        return new TensorPlan
        {
            Name = part.Name,
            Shape = sources[0].Shape,
            Method = _method,
            Operands = [new TensorOperand(part.Sources[0].Source.Model.ToString(), sources[0], new Dictionary<string, double>(StringComparer.Ordinal))],
            Base = -1,
            Parameters = new Dictionary<string, double>(StringComparer.Ordinal),
            Arithmetic = sources[0].DType,
            Result = sources[0].DType,
            Output = sources[0].DType,
        };

        static bool SameBytes(SafetensorsTensor a, SafetensorsTensor b)
        {
            for (var at = 0L; at < a.ByteLength; at += 1 << 20)
            {
                var length = (int)Math.Min(1 << 20, a.ByteLength - at);
                if (!a.Slice(at, length).SequenceEqual(b.Slice(at, length)))
                {
                    return false;
                }
            }

            return true;
        }
    }

    // Brings the operands to one shape: by token where the configuration says so, by cutting rows where the method does that, or not at all.
    private IReadOnlyList<long> Align(TensorPart part, List<TensorSource> sources, int baseIndex)
    {
        var byToken = TensorNames.IsEmbedding(part.Name) || TensorNames.IsHead(part.Name);
        if (byToken && _tokens is not null)
        {
            List<ModelReference> merged = [.. part.Sources.Select(s => s.Source.Model)];
            for (var i = 0; i < sources.Count; i++)
            {
                sources[i] = _tokens.Apply(merged, i, part.Slice.BaseModel ?? _config.BaseModel, part.Name, sources[i]);
            }
        }

        if (sources.TrueForAll(s => s.Shape.SequenceEqual(sources[0].Shape)))
        {
            return sources[0].Shape;
        }

        var sameWidth = sources.TrueForAll(s => s.Shape.Count == sources[0].Shape.Count && s.Shape.Skip(1).SequenceEqual(sources[0].Shape.Skip(1)));
        if (!byToken || !sameWidth || _method.Vocabulary == VocabularyRule.Refuse)
        {
            throw new InvalidInputException(
                $"the tensor {part.Name} has different shapes: {string.Join(", ", part.Sources.Select((s, i) => $"[{string.Join(", ", sources[i].Shape)}] in {s.Source.Model}"))}"
                + (byToken && sameWidth ? $"; {_method.Name} does not cut vocabularies to fit, give a tokenizer_source" : ""));
        }

        var rows = _method.Vocabulary == VocabularyRule.CutToBase && baseIndex >= 0 ? sources[baseIndex].Shape[0] : sources.Min(s => s.Shape[0]);
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i].Shape[0] < rows)
            {
                throw new InvalidInputException($"the tensor {part.Name} has {sources[i].Shape[0]} rows in {part.Sources[i].Source.Model}, fewer than the base's {rows}; give a tokenizer_source");
            }

            if (sources[i].Shape[0] > rows)
            {
                _warnings.Add($"{part.Name}: {part.Sources[i].Source.Model} has {sources[i].Shape[0]} rows, the first {rows} are used; tokens with larger ids have none in the result (a tokenizer_source brings vocabularies together by token)");
                sources[i] = new FirstRowsSource(sources[i], rows);
            }
        }

        return sources[0].Shape;
    }

    private Dictionary<string, double> ModelParameters(TensorPart part, (MergeSource Source, string Name) source, bool isBase)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var parameter in _method.Parameters.Where(p => p.PerModel))
        {
            var value = source.Source.Parameters.Evaluate(parameter.Name, source.Name, part.Position) ?? FromAbove(part, parameter.Name, source.Name) ?? parameter.Default;
            if (value is null && !(isBase && _method.Base != BaseModelUse.AnyModel))
            {
                throw new InvalidInputException($"{_method.Name} needs the parameter '{parameter.Name}' for {source.Source.Model} (tensor {source.Name})");
            }

            values[parameter.Name] = Checked(parameter, value ?? 0, part.Name);
        }

        return values;
    }

    private Dictionary<string, double> TensorParameters(TensorPart part)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var parameter in _method.Parameters.Where(p => !p.PerModel))
        {
            var value = FromAbove(part, parameter.Name, part.Name) ?? parameter.Default
                ?? throw new InvalidInputException($"{_method.Name} needs the parameter '{parameter.Name}' (tensor {part.Name})");
            values[parameter.Name] = Checked(parameter, value, part.Name);
        }

        return values;
    }

    // Filters look at a model's own name for the tensor where the parameter is a model's, at the output's name where it is the whole tensor's.
    private double? FromAbove(TensorPart part, string name, string tensor) =>
        part.Slice.Parameters.Evaluate(name, tensor, part.Position) ?? _config.Parameters.Evaluate(name, tensor, part.Position);

    private double Checked(MergeParameter parameter, double value, string tensor) => parameter.Kind switch
    {
        MergeParameterKind.Flag when value is not (0 or 1) => throw new InvalidInputException($"{_method.Name}: {parameter.Name} is true or false, not {value} (tensor {tensor})"),
        MergeParameterKind.Count when value < 1 || value != Math.Floor(value) => throw new InvalidInputException($"{_method.Name}: {parameter.Name} is a whole number from 1, not {value} (tensor {tensor})"),
        _ => value,
    };

    private void WarnOfUnusedParameters(List<MergeSlice> slices)
    {
        var known = _method.Parameters.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var given = _config.Parameters.Names.Concat(slices.SelectMany(s => s.Parameters.Names.Concat(s.Sources.SelectMany(m => m.Parameters.Names))));
        foreach (var name in given.Where(n => !known.Contains(n) && n != "int8_mask").Distinct(StringComparer.Ordinal))
        {
            _warnings.Add($"{_method.Name} does not use the parameter '{name}'");
        }
    }

    private InputModel Donor(List<MergeSlice> slices) => _inputs[_config.BaseModel ?? slices[0].Sources[0].Model];

    private ModelConfig OutputConfig(InputModel donor, List<TensorPlan> tensors, List<MergeSlice> slices)
    {
        var embedding = tensors.Find(t => TensorNames.IsEmbedding(t.Name));
        List<int> layers = [.. slices.SelectMany(LayersOfDonor)];
        var type = tensors.Where(t => t.Output.IsFloat()).GroupBy(t => t.Output).OrderByDescending(g => g.Sum(t => t.Length)).Select(g => (DType?)g.Key).FirstOrDefault();
        // The reference copies this flag and so writes an output layer that loaders then ignore.
        bool? tied = donor.Config.TieWordEmbeddings && tensors.Exists(t => TensorNames.IsHead(t.Name)) ? false : null;
        return donor.Config.With(
            vocabSize: embedding is { Shape: [var rows, ..] } && rows != donor.Config.VocabSize ? (int)rows : null,
            layers: layers.SequenceEqual(Enumerable.Range(0, donor.Config.NumHiddenLayers)) ? null : layers,
            dtype: type,
            tieWordEmbeddings: tied);
    }

    // Which layers those of a slice are: the base's where it takes part, which is what others are differences to.
    private IEnumerable<int> LayersOfDonor(MergeSlice slice)
    {
        var (from, to) = (slice.Sources.FirstOrDefault(s => s.Model == (slice.BaseModel ?? _config.BaseModel)) ?? slice.Sources[0]).Layers!.Value;
        return Enumerable.Range(from, to - from);
    }

    private sealed record TensorPart(string Name, MergeSlice Slice, List<(MergeSource Source, string Name)> Sources, double Position);
}
