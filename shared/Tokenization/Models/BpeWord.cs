namespace LamdAgent.Tokenization.Models;

/// <summary>One piece while its symbols are merged: a linked list in arrays, and a heap of candidate merges ordered by rank, then place.</summary>
internal sealed class BpeWord(int capacity)
{
    private int[] ids = new int[Math.Max(4, capacity)];
    private int[] lengths = new int[Math.Max(4, capacity)];
    private int count;

    public void Add(int id, int length) => AddShared(id, length);

    /// <summary>A symbol may have no length of its own: a further byte of a character.</summary>
    public void AddShared(int id, int length)
    {
        if (count == ids.Length)
        {
            Array.Resize(ref ids, count * 2);
            Array.Resize(ref lengths, count * 2);
        }

        ids[count] = id;
        lengths[count++] = length;
    }

    public void MergeAll(MergeTable merges)
    {
        if (count < 2)
        {
            return;
        }

        var next = new int[count];
        var previous = new int[count];
        var heap = new PriorityQueue<(int Left, int Right, int Id), long>(count);
        for (var i = 0; i < count; i++)
        {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i - 1;
        }

        for (var i = 0; i + 1 < count; i++)
        {
            Offer(i, i + 1);
        }

        while (heap.TryDequeue(out var top, out var priority))
        {
            var at = (int)(priority & 0xFFFFFFFF);
            var right = next[at];
            if (right < 0 || ids[at] != top.Left || ids[right] != top.Right)
            {
                continue;
            }

            ids[at] = top.Id;
            lengths[at] += lengths[right];
            ids[right] = -1;
            var after = next[at] = next[right];
            next[right] = -1;
            if (after >= 0)
            {
                previous[after] = at;
                Offer(at, after);
            }

            if (previous[at] >= 0)
            {
                Offer(previous[at], at);
            }
        }

        void Offer(int left, int right)
        {
            if (merges.TryGet(ids[left], ids[right], out var rank, out var id))
            {
                heap.Enqueue((ids[left], ids[right], id), ((long)rank << 32) | (uint)left);
            }
        }
    }

    public (int[] Ids, int[] Lengths) ToArrays()
    {
        var kept = Enumerable.Range(0, count).Where(i => ids[i] >= 0).ToArray();
        return ([.. kept.Select(i => ids[i])], [.. kept.Select(i => lengths[i])]);
    }
}
