using LamdAgent.Domain;

namespace LamdAgent.Merging;

/// <summary>A model named in a merge configuration: a folder (or an id that the caller resolves), optionally with a LoRA adapter on top.</summary>
/// <param name="Path">The model.</param>
/// <param name="Adapter">An adapter in PEFT layout, or null.</param>
public sealed record ModelReference(string Path, string? Adapter = null)
{
    /// <summary>Reads mergekit's short form <c>model</c> or <c>model+adapter</c>.</summary>
    /// <exception cref="InvalidInputException">It names a revision, which only a hub knows.</exception>
    public static ModelReference Parse(string text)
    {
        var parts = text.Split('+');
        if (parts.Length > 2 || parts.Any(p => p.Length == 0))
        {
            throw new InvalidInputException($"'{text}' is not 'model' or 'model+adapter'");
        }

        // A folder may have an @ in its name; a name that ends in @word is a hub's revision.
        foreach (var part in parts)
        {
            if (part.Contains('@', StringComparison.Ordinal) && !Directory.Exists(part))
            {
                throw new InvalidInputException($"'{part}' names a revision of a hub; download that revision and name its folder");
            }
        }

        return new ModelReference(parts[0], parts.Length == 2 ? parts[1] : null);
    }

    /// <inheritdoc />
    public override string ToString() => Adapter is null ? Path : $"{Path}+{Adapter}";
}
