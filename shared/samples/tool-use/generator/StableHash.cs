namespace LamdAgent.Samples.ToolUse;

/// <summary>FNV-1a over UTF-16 units: a hash that does not change between runs, unlike <see cref="string.GetHashCode()"/>.</summary>
internal static class StableHash
{
    public static ulong Of(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in text)
        {
            hash = unchecked((hash ^ unit) * 1099511628211UL);
        }

        // FNV mixes its low bits badly on short texts; fold the high ones in.
        return hash ^ (hash >> 29);
    }
}
