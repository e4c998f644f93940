using System.Globalization;
using System.Text.RegularExpressions;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Specs;

/// <summary>Reads a search spec. Unknown keys, unknown ids and impossible combinations are errors that name the line. Whether the files exist is for the caller to see.</summary>
public static partial class SearchSpecReader
{
    /// <summary>Parses a spec.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="folder">The absolute folder that relative paths start from.</param>
    /// <exception cref="InvalidInputException">Something is wrong, with its line.</exception>
    public static SearchSpec Parse(string yaml, string file, string folder)
    {
        var root = ConfigDocument.Parse(yaml, file);
        RejectVariables(root);
        var models = ReadModels(root.Required("models").AsSequence(), folder);
        var datasets = ReadDatasets(root.Optional("datasets")?.AsSequence(), folder);
        var actionsNode = root.Required("actions").AsMapping();
        var actions = ActionSpecReader.Read(actionsNode, datasets);
        var spec = new SearchSpec
        {
            File = file,
            Name = ReadName(root.Required("name")),
            Goal = root.Optional("goal")?.AsString().Trim() ?? "",
            Seed = root.Optional("seed")?.AsLong(0) ?? 0,
            Models = models,
            Datasets = datasets,
            Tasks = ReadTasks(root.Required("tasks").AsSequence(), folder),
            Actions = actions,
            Planner = ReadPlanner(root.Optional("planner")?.AsMapping()),
            Budget = ReadBudget(root.Required("budget").AsMapping()),
            DataFraction = ReadFidelity(root.Optional("fidelity")?.AsMapping()),
            Gates = ReadGates(root.Optional("gates")?.AsMapping()),
            Reference = ActionSpecReader.ReadReference(root.Optional("reference"), actions, datasets),
        };
        root.RejectUnknownKeys();
        if (!spec.Actions.Any(a => a.Kind == ActionKind.Train) && models.Count < 2)
        {
            throw actionsNode.Error("with one model and no training nothing can be made; add a training (sft, cpt, dpo ...) or a second model");
        }

        return spec;
    }

    /// <summary>A length of time: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>2d</c>.</summary>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static TimeSpan ReadDuration(ConfigNode node)
    {
        var text = node.AsString();
        var match = DurationPattern().Match(text);
        if (!match.Success || text.Length == 0)
        {
            throw node.Error($"'{text}' is not a length of time; write for instance 90s, 5m, 1h30m");
        }

        long Part(int group) => match.Groups[group].Success ? long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;
        var span = new TimeSpan(checked((int)Part(1)), checked((int)Part(2)), checked((int)Part(3)), checked((int)Part(4)));
        return span > TimeSpan.Zero ? span : throw node.Error("must be more than zero");
    }

    internal static string ReadId(ConfigNode node)
    {
        var text = node.AsString();
        return IdPattern().IsMatch(text) ? text : throw node.Error($"'{text}' cannot be an id; use letters, digits, '-', '_' and '.', at most 64, starting with a letter or digit");
    }

    private static string ReadName(ConfigNode node)
    {
        var text = node.AsString();
        return NamePattern().IsMatch(text) ? text : throw node.Error($"'{text}' cannot be a name; use lower-case letters, digits and '-', at most 40, starting with a letter or digit");
    }

    private static List<ModelSource> ReadModels(ConfigSequence list, string folder)
    {
        var models = new List<ModelSource>();
        foreach (var item in list)
        {
            var m = item.AsMapping();
            var id = ReadId(m.Required("id"));
            Unique(m, id, models.Select(x => x.Id));
            var baseNode = m.Optional("base");
            if (baseNode is not null)
            {
                _ = baseNode.AsOneOf([.. models.Select(x => x.Id)]);
            }

            models.Add(new ModelSource { Id = id, Path = At(m.Required("path"), folder), Base = baseNode?.AsString(), Line = m.Line });
            m.RejectUnknownKeys();
        }

        return models.Count > 0 ? models : throw list.Error("at least one model is needed; the first is the base");
    }

    private static List<DatasetSource> ReadDatasets(ConfigSequence? list, string folder)
    {
        var datasets = new List<DatasetSource>();
        foreach (var item in list ?? Enumerable.Empty<ConfigNode>())
        {
            var m = item.AsMapping();
            var id = ReadId(m.Required("id"));
            Unique(m, id, datasets.Select(x => x.Id));
            var path = At(m.Required("path"), folder);
            var split = m.Optional("split") is { } node ? ReadId(node) : null;
            if (!path.EndsWith(".jsonl", StringComparison.Ordinal) && !path.EndsWith(".jsonl.gz", StringComparison.Ordinal))
            {
                path = Path.Combine(path, $"{split ?? "train"}.jsonl");
            }
            else if (split is not null)
            {
                throw m.Required("split").Error("a split can only be chosen when path is a folder; this path names one file");
            }

            datasets.Add(new DatasetSource
            {
                Id = id,
                Path = path,
                Format = m.Required("format").AsOneOf(DatasetFormats.All),
                Description = m.Optional("description")?.AsString().Trim() ?? "",
                Line = m.Line,
            });
            m.RejectUnknownKeys();
        }

        return datasets;
    }

    private static List<TaskReference> ReadTasks(ConfigSequence list, string folder)
    {
        var tasks = new List<TaskReference>();
        foreach (var item in list)
        {
            var m = item.AsMapping();
            var id = ReadId(m.Required("id"));
            Unique(m, id, tasks.Select(x => x.Id));
            tasks.Add(new TaskReference
            {
                Id = id,
                Path = At(m.Required("path"), folder),
                Weight = m.Optional("weight")?.AsDouble(0, 1e6) ?? 1,
                Scale = m.Optional("scale")?.AsDouble(1e-9, 1e9) ?? 1,
                MaxRegression = m.Optional("max_regression")?.AsDouble(0, 1e9),
                Line = m.Line,
            });
            m.RejectUnknownKeys();
        }

        return tasks.Any(t => t.Weight > 0) ? tasks : throw list.Error("at least one task with a weight above 0 is needed");
    }

    private static PlannerSpec ReadPlanner(ConfigMapping? m)
    {
        if (m is null)
        {
            return new PlannerSpec();
        }

        var defaults = new PlannerSpec();
        var planner = new PlannerSpec
        {
            Strategy = m.Optional("strategy")?.AsOneOf(PlannerSpec.Strategies) ?? defaults.Strategy,
            StepsInFlight = m.Optional("steps_in_flight")?.AsInt(1, 1000) ?? defaults.StepsInFlight,
            Exploration = m.Optional("exploration")?.AsDouble(0, 1) ?? defaults.Exploration,
            Llm = ReadLlm(m.Optional("llm")?.AsMapping()),
        };
        m.RejectUnknownKeys();
        return planner.Strategy != "llm" || planner.Llm is not null ? planner : throw m.Error("strategy llm needs planner.llm with endpoint and model");
    }

    private static LlmSpec? ReadLlm(ConfigMapping? m)
    {
        if (m is null)
        {
            return null;
        }

        var endpoint = m.Required("endpoint");
        if (!Uri.TryCreate(endpoint.AsString(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw endpoint.Error($"'{endpoint.AsString()}' is not an http or https address");
        }

        var defaults = new LlmSpec { Endpoint = uri, Model = "" };
        var llm = new LlmSpec
        {
            Provider = m.Optional("provider")?.AsOneOf(LlmSpec.Providers) ?? defaults.Provider,
            Endpoint = uri,
            Model = m.Required("model").AsString(),
            ApiKeyVariable = ReadVariable(m.Optional("api_key")),
            Temperature = m.Optional("temperature")?.AsDouble(0, 2),
            MaxTokens = m.Optional("max_tokens")?.AsInt(16, 1_000_000) ?? defaults.MaxTokens,
            Timeout = m.Optional("timeout") is { } timeout ? ReadDuration(timeout) : defaults.Timeout,
            Attempts = m.Optional("attempts")?.AsInt(1, 10) ?? defaults.Attempts,
            MaxRetryWait = m.Optional("max_retry_wait") is { } wait ? ReadDuration(wait) : defaults.MaxRetryWait,
        };
        m.RejectUnknownKeys();
        return llm;
    }

    private static string? ReadVariable(ConfigNode? node)
    {
        if (node is null)
        {
            return null;
        }

        // The value itself must not be repeated in the message: it may be a key.
        var match = VariablePattern().Match(node.AsString());
        return match.Success ? match.Groups[1].Value : throw node.Error("a key never stands in a spec; write ${NAME} and set the environment variable NAME");
    }

    private static SearchBudget ReadBudget(ConfigMapping m)
    {
        var budget = new SearchBudget
        {
            Steps = m.Required("steps").AsInt(1, 1_000_000),
            WallTime = m.Optional("wall_time") is { } wall ? ReadDuration(wall) : null,
            GpuHours = m.Optional("gpu_hours")?.AsDouble(0, 1e9),
            LlmTokens = m.Optional("llm_tokens")?.AsLong(0),
        };
        m.RejectUnknownKeys();
        return budget;
    }

    private static double ReadFidelity(ConfigMapping? m)
    {
        var fraction = m?.Optional("data_fraction")?.AsDouble(1e-6, 1) ?? 1;
        m?.RejectUnknownKeys();
        return fraction;
    }

    private static GateSpec ReadGates(ConfigMapping? m)
    {
        var gates = new GateSpec
        {
            Contamination = m?.Optional("contamination")?.AsOneOf(GateSpec.ContaminationModes) ?? "reject",
            MaxRegression = m?.Optional("max_regression")?.AsDouble(0, 1e9),
        };
        m?.RejectUnknownKeys();
        return gates;
    }

    private static void Unique(ConfigMapping m, string id, IEnumerable<string> taken)
    {
        if (taken.Contains(id, StringComparer.Ordinal))
        {
            throw m.Required("id").Error($"the id '{id}' is there twice");
        }
    }

    private static string At(ConfigNode node, string folder)
    {
        var text = node.AsString();
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? Path.GetFullPath(text, folder) : throw node.Error("must be a path");
    }

    private static void RejectVariables(ConfigNode node)
    {
        switch (node)
        {
            case ConfigMapping map:
                foreach (var entry in map.Entries)
                {
                    RejectVariables(entry.Value);
                }

                break;
            case ConfigSequence list:
                foreach (var item in list)
                {
                    RejectVariables(item);
                }

                break;
            case ConfigScalar scalar when VariablePattern().IsMatch(scalar.Text) && scalar.Path != "planner.llm.api_key":
                throw scalar.Error("environment variables are for secrets only, and planner.llm.api_key is the only one; write the value out");
            default:
                break;
        }
    }

    [GeneratedRegex(@"\A(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex DurationPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,39}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A\$\{([A-Za-z_][A-Za-z0-9_]*)\}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex VariablePattern();
}
