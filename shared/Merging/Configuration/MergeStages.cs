using LamdAgent.Domain.Configuration;

namespace LamdAgent.Merging.Configuration;

/// <summary>The merges of a file that others use, in an order in which they can be done; they may stand in any.</summary>
internal static class MergeStages
{
    /// <summary>Everything that the last merge needs, before what needs it.</summary>
    /// <param name="merges">All merges of the file.</param>
    /// <param name="last">Which of them makes the result.</param>
    /// <exception cref="Domain.InvalidInputException">Some need each other, or one is needed by none.</exception>
    public static IReadOnlyList<MergeConfig> InOrder(IReadOnlyList<(ConfigMapping Place, MergeConfig Merge)> merges, int last)
    {
        var done = new List<int>();
        Visit(last, []);
        for (var i = 0; i < merges.Count; i++)
        {
            if (!done.Contains(i))
            {
                throw merges[i].Place.Error($"no other merge uses '{merges[i].Merge.Name}', and one model is written; give it a file of its own");
            }
        }

        return [.. done.Where(i => i != last).Select(i => merges[i].Merge)];

        void Visit(int index, IReadOnlyList<int> path)
        {
            if (path.Contains(index))
            {
                var circle = path.SkipWhile(i => i != index).Append(index).Select(i => merges[i].Merge.Name ?? "the unnamed one");
                throw merges[index].Place.Error($"these merges need each other: {string.Join(" needs ", circle)}");
            }

            if (done.Contains(index))
            {
                return;
            }

            var names = merges[index].Merge.ModelReferences.SelectMany(r => new[] { r.Path, r.Adapter }).ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < merges.Count; i++)
            {
                if (merges[i].Merge.Name is { } name && names.Contains(name))
                {
                    Visit(i, [.. path, index]);
                }
            }

            done.Add(index);
        }
    }
}
