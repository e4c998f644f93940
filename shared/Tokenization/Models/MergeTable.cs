using System.Runtime.CompilerServices;

namespace LamdAgent.Tokenization.Models;

/// <summary>Which pairs of tokens merge, at which rank, into what: an open hash table, since this is the innermost look-up of encoding.</summary>
internal sealed class MergeTable
{
    private readonly ulong[] keys;
    private readonly (int Rank, int Id)[] values;
    private readonly int mask;

    public MergeTable(int capacity)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        keys = new ulong[size];
        values = new (int Rank, int Id)[size];
        mask = size - 1;
    }

    /// <summary>A pair that is given twice keeps its last place, as in the tokenizers library.</summary>
    public void Set(int left, int right, int rank, int id)
    {
        var key = Key(left, right);
        var slot = Slot(key);
        keys[slot] = key;
        values[slot] = (rank, id);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(int left, int right, out int rank, out int id)
    {
        var key = Key(left, right);
        var slot = Slot(key);
        (rank, id) = values[slot];
        return keys[slot] == key;
    }

    // Never 0, which marks a free slot.
    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;

    private int Slot(ulong key)
    {
        var slot = (int)(key * 0x9E3779B97F4A7C15UL >> 33) & mask;
        while (keys[slot] != 0 && keys[slot] != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }
}
