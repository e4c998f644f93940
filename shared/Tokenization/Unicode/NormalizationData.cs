using System.Globalization;

namespace LamdAgent.Tokenization.Unicode;

/// <summary>Decompositions, compositions and combining classes, read once from the embedded table.</summary>
internal sealed class NormalizationData
{
    private readonly Dictionary<int, int[]> canonical = [];
    private readonly Dictionary<int, int[]> compatibility = [];
    private readonly Dictionary<long, int> compositions = [];
    private readonly Dictionary<int, byte> combiningClasses = [];

    private NormalizationData()
    {
    }

    public static NormalizationData Read()
    {
        var data = new NormalizationData();
        using var stream = typeof(NormalizationData).Assembly.GetManifestResourceStream("normalization.txt")!;
        using var reader = new StreamReader(stream);
        var pairs = new Dictionary<int, int[]>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            var fields = line.Split(' ');
            if (fields[0] == "M")
            {
                for (var codePoint = Hex(fields[1]); codePoint <= Hex(fields[2]); codePoint++)
                {
                    data.combiningClasses[codePoint] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                }

                continue;
            }

            var source = Hex(fields[1]);
            var parts = fields.Skip(2).Select(Hex).ToArray();
            if (fields[0] == "K")
            {
                data.compatibility[source] = parts;
                continue;
            }

            pairs[source] = parts;
            if (fields[0] == "C")
            {
                data.compositions[((long)parts[0] << 32) | (uint)parts[1]] = source;
            }
        }

        foreach (var source in pairs.Keys)
        {
            data.canonical[source] = [.. Expand(source, pairs, null)];
        }

        foreach (var source in pairs.Keys.Where(source => !data.compatibility.ContainsKey(source)))
        {
            var full = Expand(source, pairs, data.compatibility).ToArray();
            if (!full.AsSpan().SequenceEqual(data.canonical[source]))
            {
                data.compatibility[source] = full;
            }
        }

        return data;
    }

    public int[]? Decomposition(int codePoint, bool withCompatibility) =>
        (withCompatibility && compatibility.TryGetValue(codePoint, out var parts)) || canonical.TryGetValue(codePoint, out parts) ? parts : null;

    public int? Composition(int first, int second) => compositions.TryGetValue(((long)first << 32) | (uint)second, out var composite) ? composite : null;

    public int CombiningClass(int codePoint) => codePoint < 0x300 ? 0 : combiningClasses.GetValueOrDefault(codePoint);

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<int> Expand(int codePoint, Dictionary<int, int[]> pairs, Dictionary<int, int[]>? compatibility)
    {
        if (compatibility is not null && compatibility.TryGetValue(codePoint, out var parts))
        {
            return parts;
        }

        return pairs.TryGetValue(codePoint, out parts) ? parts.SelectMany(part => Expand(part, pairs, compatibility)) : [codePoint];
    }
}
