namespace LamdAgent.Domain.Actions;

/// <summary>
/// One action: a type with all its objects. Models and datasets are ids of the search; hyper-parameters are written as a recipe's or merge
/// configuration's YAML would have them (<c>learning_rate: 2e-4</c>, <c>weight: [0.7, 0.3]</c>), so that the text is the exact value.
/// </summary>
public sealed record PipelineAction
{
    /// <summary>The type of an action that only scores a model.</summary>
    public const string EvaluateType = "evaluate";

    /// <summary>The action type: a training method (<c>sft</c>, <c>dpo</c> ...), a merge method (<c>ties</c> ...) or <see cref="EvaluateType"/>.</summary>
    public required string Type { get; init; }

    /// <summary>Which kind of worker does it.</summary>
    public required ActionKind Kind { get; init; }

    /// <summary>Input models in the order that the method reads them; one for a training.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>For merges: the model that task vectors are taken against (the nearest common ancestor), or for slerp its starting point; null where the method needs none.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Datasets of a training, in the order of the search spec; empty otherwise.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>Hyper-parameters: name -> YAML text of the value, fixed ones included.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Which split an <see cref="ActionKind.Evaluate"/> action (and the evaluation after any other) reads.</summary>
    public EvaluationSplit Split { get; init; } = EvaluationSplit.Validation;

    /// <summary>For people and logs: <c>sft(m-0001, tools; learning_rate=2e-4)</c>.</summary>
    public override string ToString()
    {
        var objects = string.Join(", ", Models.Concat(Datasets));
        var parameters = string.Join(", ", Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
        return parameters.Length == 0 ? $"{Type}({objects})" : $"{Type}({objects}; {parameters})";
    }
}
