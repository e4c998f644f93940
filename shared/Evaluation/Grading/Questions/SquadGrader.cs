using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Questions;

/// <summary>
/// SQuAD by the data set's own scripts, version 1.1 (<c>exact_match</c>, <c>f1</c>) and 2 (<c>v2_exact</c>, <c>v2_f1</c>), as shares of 1. A row without
/// golds has no answer: version 1.1 does not know such rows (null), in version 2 the right answer is empty. Option: <c>target</c> (path of the golds, default <c>golds</c>).
/// </summary>
public sealed class SquadGrader : IGrader
{
    private readonly string _target;

    /// <summary>Reads the options.</summary>
    public SquadGrader(ConfigMapping? options)
    {
        _target = options?.Optional("target")?.AsString() ?? "golds";
        options?.RejectUnknownKeys();
    }

    /// <inheritdoc />
    public string Name => "squad";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["exact_match", "f1", "v2_exact", "v2_f1"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var text = JsonFields.ResponseText(response);
        var golds = SquadAnswers.Golds(item, _target);
        var answer = SquadAnswers.Normalise(text);
        var fields = new JsonObject
        {
            ["normalized"] = answer,
            ["exact_match"] = golds.Count == 0 ? null : golds.Max(gold => SquadAnswers.Exact(gold, text)),
            ["f1"] = golds.Count == 0 ? null : golds.Max(gold => SquadAnswers.F1(gold, text)),
            ["v2_exact"] = SquadAnswers.Version2(golds).Max(gold => SquadAnswers.Exact(gold, text)),
            ["v2_f1"] = SquadAnswers.Version2(golds).Max(gold => SquadAnswers.F1Version2(gold, text)),
        };
        return new Verdict(fields, Metrics.Where(name => fields[name] is not null).ToDictionary(name => name, name => fields[name]!.GetValue<double>(), StringComparer.Ordinal));
    }
}
