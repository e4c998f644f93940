namespace LamdAgent.Domain.Specs;

/// <summary>The plain training on all datasets at once that a pipeline must beat to be worth its trouble.</summary>
/// <param name="Type">Training method; <c>sft</c>.</param>
/// <param name="Datasets">The datasets, all that fit the method unless the spec names them.</param>
/// <param name="Parameters">Name -> YAML text; the first parameter set of the action type unless the spec says otherwise.</param>
public sealed record ReferenceSpec(string Type, IReadOnlyList<string> Datasets, IReadOnlyDictionary<string, string> Parameters);
