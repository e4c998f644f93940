using System.Text;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>Which code points are the same letter when case does not count (simple folding; .NET keeps ſ and K apart from s and k, Unicode does not).</summary>
internal static class CaseFolding
{
    private static readonly Lazy<Dictionary<int, int[]>> Groups = new(Build);

    /// <summary>The code points that fold to the same as this one, itself among them.</summary>
    public static ReadOnlySpan<int> Equivalents(int codePoint) => Groups.Value.TryGetValue(codePoint, out var group) ? group : new[] { codePoint };

    private static Dictionary<int, int[]> Build()
    {
        var byFold = new Dictionary<int, List<int>>();
        for (var codePoint = 0; codePoint < 0x1F000; codePoint++)
        {
            if (codePoint is >= 0xD800 and <= 0xDFFF)
            {
                continue;
            }

            var fold = Fold(codePoint);
            if (fold != codePoint)
            {
                (byFold.TryGetValue(fold, out var members) ? members : byFold[fold] = [fold]).Add(codePoint);
            }
        }

        return byFold.Values.SelectMany(members => members.Select(member => (member, group: members.ToArray()))).ToDictionary(pair => pair.member, pair => pair.group);
    }

    private static int Fold(int codePoint) => codePoint switch
    {
        0x17F => 's',
        0x130 => 0x130,
        _ => Rune.ToLowerInvariant(Rune.ToUpperInvariant(new Rune(codePoint))).Value,
    };
}
