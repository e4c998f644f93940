using System.Buffers;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Models;

/// <summary>Finds added tokens in text: the leftmost first, of those the longest.</summary>
internal sealed class TokenTrie
{
    private readonly Dictionary<ulong, int> edges = [];
    private readonly List<AddedToken?> ends = [null];
    private readonly SearchValues<char> firsts;

    public TokenTrie(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        var first = new HashSet<char>();
        foreach (var (content, token) in tokens)
        {
            if (content.Length == 0)
            {
                continue;
            }

            first.Add(content[0]);
            var node = 0;
            foreach (var c in content)
            {
                if (!edges.TryGetValue(Edge(node, c), out var next))
                {
                    next = ends.Count;
                    ends.Add(null);
                    edges[Edge(node, c)] = next;
                }

                node = next;
            }

            ends[node] = token;
        }

        firsts = SearchValues.Create([.. first]);
        IsEmpty = first.Count == 0;
    }

    public bool IsEmpty { get; }

    /// <summary>The tokens found, with the range each takes (wider than its content where it strips).</summary>
    public List<(AddedToken Token, int Start, int End)> Find(string text)
    {
        var found = new List<(AddedToken Token, int Start, int End)>();
        var taken = 0;
        for (var at = 0; at < text.Length;)
        {
            var step = text.AsSpan(at).IndexOfAny(firsts);
            if (step < 0)
            {
                break;
            }

            at += step;
            if (Longest(text, at) is not var (token, end))
            {
                at++;
                continue;
            }

            var (start, stop) = (at, end);
            at = end;
            if (token.IsSingleWord && ((start > 0 && CodePoints.IsWord(CodePoints.Before(text, start, out _))) || (stop < text.Length && CodePoints.IsWord(CodePoints.At(text, stop, out _)))))
            {
                continue;
            }

            while (token.StripsLeft && start > taken && CodePoints.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.StripsRight && stop < text.Length && CodePoints.IsWhiteSpace(text[stop]))
            {
                stop++;
            }

            found.Add((token, start, stop));
            taken = stop;
        }

        return found;
    }

    private (AddedToken Token, int End)? Longest(string text, int at)
    {
        (AddedToken, int)? best = null;
        var node = 0;
        for (var i = at; i < text.Length && edges.TryGetValue(Edge(node, text[i]), out node); i++)
        {
            if (ends[node] is { } token)
            {
                best = (token, i + 1);
            }
        }

        return best;
    }

    private static ulong Edge(int node, char c) => ((ulong)(uint)node << 16) | c;
}
