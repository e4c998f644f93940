using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Recipes;

namespace LamdAgent.Domain.Specs;

/// <summary>
/// Reads the <c>actions</c> of a search spec: a value is fixed, a list is a list of choices, and every combination is checked as the recipe or merge that it
/// would become.
/// </summary>
internal static class ActionSpecReader
{
    private const int MaxCombinations = 4096;

    public static IReadOnlyList<ActionSpec> Read(ConfigMapping actions, IReadOnlyList<DatasetSource> datasets)
    {
        var list = new List<ActionSpec>();
        var valid = TrainingActionType.All.Select(t => t.Name).Concat(MergeActionType.All.Select(t => t.Name)).ToList();
        foreach (var (name, line, value) in actions.Entries)
        {
            var settings = value.IsNull ? new ConfigMapping(actions.File, line, $"actions.{name}", []) : value.AsMapping();
            if (TrainingActionType.Find(name) is { } training)
            {
                list.Add(ReadTraining(training, line, settings, datasets));
            }
            else if (MergeActionType.Find(name) is { } merge)
            {
                list.Add(ReadMerge(merge, line, settings));
            }
            else if (name == TrainingRecipe.NameOf(TrainingMethod.Reward))
            {
                throw new InvalidInputException(
                    actions.File, line, "actions: 'reward' makes a model that scores answers instead of writing them, so it cannot be a candidate of a search; train it with lamd train and give it to grpo or rloo as reward_model");
            }
            else
            {
                throw new InvalidInputException(actions.File, line, $"actions: unknown action type '{name}'{NearestWord.Hint(name, valid)}");
            }
        }

        return list.Count > 0 ? list : throw actions.Error("at least one action type is needed");
    }

    public static ReferenceSpec? ReadReference(ConfigNode? node, IReadOnlyList<ActionSpec> actions, IReadOnlyList<DatasetSource> datasets)
    {
        const string type = "sft";
        var sft = actions.FirstOrDefault(a => a.Type == type);
        if (node is null)
        {
            return sft is null ? null : new ReferenceSpec(type, sft.Datasets, sft.ParameterSets[0].Values);
        }

        if (node is ConfigScalar)
        {
            _ = node.AsOneOf(["off"]);
            return null;
        }

        var m = node.AsMapping();
        var own = ReadDatasetIds(m.Optional("datasets"), TrainingActionType.Find(type)!, datasets, node);
        var parameters = m.Entries.Where(e => e.Key != "datasets").ToList();
        var values = sft is null
            ? new Dictionary<string, string>(StringComparer.Ordinal)
            : new Dictionary<string, string>(sft.ParameterSets[0].Values, StringComparer.Ordinal);
        Check(m, type, parameters);
        foreach (var (key, _, value) in parameters)
        {
            values[key] = FlowText.Write(value);
        }

        return new ReferenceSpec(type, own, values);
    }

    private static ActionSpec ReadTraining(TrainingActionType type, int line, ConfigMapping settings, IReadOnlyList<DatasetSource> datasets)
    {
        var usable = ReadDatasetIds(settings.Optional("datasets"), type, datasets, settings);
        var parameters = settings.Entries.Where(e => e.Key != "datasets").ToList();
        var sets = new List<ParameterSet>();
        var varied = Varied(parameters);
        foreach (var combination in Combine(settings, parameters))
        {
            Check(settings, type.Name, combination);
            sets.Add(new ParameterSet($"h{sets.Count + 1}", Texts(combination), varied));
        }

        return new ActionSpec
        {
            Type = type.Name,
            Kind = ActionKind.Train,
            ParameterSets = sets,
            Datasets = usable,
            Description = type.Description,
            Line = line,
        };
    }

    private static void Check(ConfigMapping settings, string method, IReadOnlyList<(string Key, int Line, ConfigNode Value)> parameters)
    {
        foreach (var (key, line, _) in parameters)
        {
            if (TrainingActionType.ReservedKeys.Contains(key))
            {
                throw new InvalidInputException(settings.File, line, $"{settings.Path}: '{key}' is set by the search itself and cannot stand here");
            }
        }

        if (parameters.FirstOrDefault(e => e.Key == "lora").Value is ConfigMapping lora && lora.Optional("merge") is { } merge && !merge.AsBool())
        {
            throw merge.Error("the models of a search are whole, so that they can be evaluated; they carry their adapter beside their weights, and merges take it from there");
        }

        var methodNode = new ConfigScalar(settings.File, settings.Line, settings.Path, method, quoted: false);
        _ = TrainingRecipe.Read(new ConfigMapping(settings.File, settings.Line, settings.Path, [("method", settings.Line, methodNode), .. parameters]));
    }

    private static IReadOnlyList<string> ReadDatasetIds(ConfigNode? node, TrainingActionType type, IReadOnlyList<DatasetSource> datasets, ConfigNode place)
    {
        var fitting = datasets.Where(d => type.Formats.Contains(d.Format)).Select(d => d.Id).ToList();
        if (node is null)
        {
            return fitting.Count > 0
                ? fitting
                : throw place.Error($"no dataset fits {type.Name}, which reads rows of format {string.Join(", ", type.Formats)}");
        }

        var chosen = new List<string>();
        foreach (var item in node is ConfigSequence list ? (IReadOnlyList<ConfigNode>)list : [node])
        {
            var id = item.AsString();
            var dataset = datasets.FirstOrDefault(d => d.Id == id)
                ?? throw item.Error($"unknown dataset '{id}'{NearestWord.Hint(id, datasets.Select(d => d.Id))}");
            if (!fitting.Contains(id))
            {
                throw item.Error($"dataset '{id}' has rows of format {dataset.Format}; {type.Name} reads {string.Join(", ", type.Formats)}");
            }

            chosen.Add(id);
        }

        return chosen.Count > 0 ? [.. datasets.Select(d => d.Id).Where(chosen.Contains)] : throw node.Error("at least one dataset is needed");
    }

    private static ActionSpec ReadMerge(MergeActionType type, int line, ConfigMapping settings)
    {
        var counts = ReadCounts(settings.Optional("models"), type);
        var parameters = settings.Entries.Where(e => e.Key != "models").ToList();
        var known = type.PerModel.Concat(type.MethodWide).ToList();
        foreach (var (key, keyLine, _) in parameters)
        {
            if (key is not ("dtype" or "out_dtype") && known.All(p => p.Name != key))
            {
                var valid = known.Select(p => p.Name).Concat(["models", "dtype", "out_dtype"]);
                throw new InvalidInputException(settings.File, keyLine, $"{settings.Path}: unknown key '{key}'{NearestWord.Hint(key, valid)}");
            }
        }

        var sets = new List<ParameterSet>();
        var varied = Varied(parameters);
        foreach (var combination in Combine(settings, parameters))
        {
            sets.Add(ReadMergeSet(type, counts, settings, combination, $"h{sets.Count + 1}", varied));
        }

        return new ActionSpec
        {
            Type = type.Name,
            Kind = ActionKind.Merge,
            ParameterSets = sets,
            ModelCounts = counts,
            Base = type.Base,
            Description = type.Description,
            Line = line,
        };
    }

    private static ParameterSet ReadMergeSet(
        MergeActionType type, IReadOnlyList<int> counts, ConfigMapping settings,
        IReadOnlyList<(string Key, int Line, ConfigNode Value)> combination, string id, IReadOnlyList<string> varied)
    {
        int? modelCount = null;
        var ordered = type.Base == MergeBase.FirstModel;
        foreach (var (key, _, value) in combination)
        {
            if (key is "dtype" or "out_dtype")
            {
                _ = value.AsOneOf(key == "dtype" ? ["float32", "bfloat16", "float16"] : ["auto", "float32", "bfloat16", "float16"]);
                continue;
            }

            var perModel = type.PerModel.FirstOrDefault(p => p.Name == key);
            var parameter = perModel ?? type.MethodWide.First(p => p.Name == key);
            if (value is not ConfigSequence list)
            {
                CheckValue(parameter, value);
                continue;
            }

            if (perModel is null)
            {
                CheckGradient(parameter, list);
                continue;
            }

            foreach (var item in list)
            {
                if (item is ConfigSequence gradient)
                {
                    CheckGradient(parameter, gradient);
                }
                else
                {
                    CheckValue(parameter, item);
                }
            }

            // A merge takes two models at least, so a list of one holds for all of them.
            if (list is [ConfigSequence])
            {
                continue;
            }

            if (!counts.Contains(list.Count) || (modelCount is not null && modelCount != list.Count))
            {
                throw value.Error($"has {list.Count} values, one per model, but this merge takes {string.Join(" or ", modelCount is null ? counts : [modelCount.Value])} models");
            }

            modelCount = list.Count;
            ordered |= list.Select(FlowText.Write).Distinct(StringComparer.Ordinal).Count() > 1;
        }

        // Half way between two models is the same point from both ends.
        ordered &= !(type.Name == "slerp" && (combination.FirstOrDefault(e => e.Key == "t").Value is not { } t || (t is ConfigScalar && t.AsDouble() == 0.5)));
        var texts = Texts(combination);
        foreach (var parameter in type.PerModel.Concat(type.MethodWide).Where(p => p.Default is not null))
        {
            texts.TryAdd(parameter.Name, parameter.Default!);
        }

        return new ParameterSet(id, texts, varied, modelCount, ordered);
    }

    private static void CheckValue(MergeParameter parameter, ConfigNode value)
    {
        _ = parameter.Kind switch
        {
            MergeParameterKind.Flag => value.AsBool() ? 1 : 0,
            MergeParameterKind.Count => value.AsInt((int)parameter.Min, (int)parameter.Max),
            _ => value.AsDouble(parameter.Min, parameter.Max),
        };
    }

    private static void CheckGradient(MergeParameter parameter, ConfigSequence values)
    {
        if (parameter.Kind != MergeParameterKind.Gradient || values.Count < 2)
        {
            throw values.Error(parameter.Kind == MergeParameterKind.Gradient
                ? "a gradient over the layers needs at least two values, that of the first layer and that of the last"
                : $"'{parameter.Name}' is one value for the whole model and cannot change from layer to layer");
        }

        foreach (var value in values)
        {
            CheckValue(parameter, value);
        }
    }

    private static IReadOnlyList<int> ReadCounts(ConfigNode? node, MergeActionType type) => node switch
    {
        null => [2],
        ConfigSequence { Count: > 0 } list => [.. list.Select(i => i.AsInt(2, type.MaxModels)).Distinct().Order()],
        _ => [node.AsInt(2, type.MaxModels)],
    };

    private static List<string> Varied(IEnumerable<(string Key, int Line, ConfigNode Value)> parameters) =>
        [.. parameters.Where(e => e.Value is ConfigSequence { Count: > 1 }).Select(e => e.Key)];

    private static Dictionary<string, string> Texts(IEnumerable<(string Key, int Line, ConfigNode Value)> combination) =>
        combination.ToDictionary(e => e.Key, e => FlowText.Write(e.Value), StringComparer.Ordinal);

    private static IEnumerable<IReadOnlyList<(string Key, int Line, ConfigNode Value)>> Combine(
        ConfigMapping settings, IReadOnlyList<(string Key, int Line, ConfigNode Value)> parameters)
    {
        var choices = parameters.Select(e => e.Value is ConfigSequence list ? (IReadOnlyList<ConfigNode>)list : [e.Value]).ToList();
        long total = 1;
        for (var i = 0; i < choices.Count; i++)
        {
            total *= choices[i].Count > 0 ? choices[i].Count : throw parameters[i].Value.Error("has no choices");
            if (total > MaxCombinations)
            {
                throw settings.Error($"has more than {MaxCombinations} combinations of hyper-parameters; give fewer choices");
            }
        }

        for (long index = 0; index < total; index++)
        {
            var rest = index;
            var combination = new (string, int, ConfigNode)[parameters.Count];
            for (var i = parameters.Count - 1; i >= 0; i--)
            {
                combination[i] = (parameters[i].Key, parameters[i].Line, choices[i][(int)(rest % choices[i].Count)]);
                rest /= choices[i].Count;
            }

            yield return combination;
        }
    }
}
