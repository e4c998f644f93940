namespace LamdAgent.Domain.Models;

/// <summary>Who descends from whom: the graph of a search's models. A model's parents are always older than the model itself.</summary>
public sealed class Lineage
{
    private readonly Dictionary<string, IReadOnlyList<string>> _parents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, int>> _ancestors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Depth, int Age)> _standing = new(StringComparer.Ordinal);

    /// <summary>Adds a model whose parents are all there.</summary>
    /// <exception cref="ArgumentException">A parent is missing, or the model is there already.</exception>
    public void Add(string model, IReadOnlyList<string> parents)
    {
        // The model itself is its own ancestor at distance 0: merging a model with its descendant then has a common ancestor.
        var ancestors = new Dictionary<string, int>(StringComparer.Ordinal) { [model] = 0 };
        foreach (var parent in parents)
        {
            if (!_ancestors.TryGetValue(parent, out var inherited))
            {
                throw new ArgumentException($"model {model} descends from {parent}, which is not there", nameof(parents));
            }

            foreach (var (ancestor, distance) in inherited)
            {
                ancestors[ancestor] = ancestors.TryGetValue(ancestor, out var known) ? Math.Min(known, distance + 1) : distance + 1;
            }
        }

        _parents.Add(model, parents);
        _ancestors.Add(model, ancestors);
        _standing.Add(model, (parents.Count == 0 ? 0 : parents.Max(p => _standing[p].Depth) + 1, _standing.Count));
    }

    /// <summary>The models, in the order in which they were added.</summary>
    public IReadOnlyCollection<string> Models => _parents.Keys;

    /// <summary>A model's parents.</summary>
    public IReadOnlyList<string> Parents(string model) => _parents[model];

    /// <summary>Whether <paramref name="ancestor"/> is <paramref name="model"/> itself or one that it descends from.</summary>
    public bool IsAncestor(string ancestor, string model) => _ancestors[model].ContainsKey(ancestor);

    /// <summary>The model and everything it descends from, oldest first: what its pipeline is made of.</summary>
    public IReadOnlyList<string> Pipeline(string model) => [.. _parents.Keys.Where(_ancestors[model].ContainsKey)];

    /// <summary>
    /// The nearest common ancestor: of all models that every given one descends from, the one farthest from the roots (the younger of two equally far). Null when they share none.
    /// </summary>
    public string? CommonAncestor(IReadOnlyList<string> models)
    {
        // A model has few ancestors and a search many models: looked for among the ancestors of one, since strategies ask this for every pair.
        string? best = null;
        foreach (var candidate in _ancestors[models[0]].Keys)
        {
            if (models.All(m => IsAncestor(candidate, m)) && (best is null || _standing[candidate].CompareTo(_standing[best]) > 0))
            {
                best = candidate;
            }
        }

        return best;
    }
}
