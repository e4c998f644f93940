namespace LamdAgent.Modeling.Training;

/// <summary>
/// In which order rows are seen: a pure function of seed and pass, so that nothing but the step number has to be saved to go on exactly where a run stopped.
/// </summary>
internal sealed class RowOrder
{
    // transformers' LengthGroupedSampler sorts within stretches of this many batches: similar lengths meet, and the order stays mostly random.
    private const int BatchesPerStretch = 50;
    private readonly int _rows;
    private readonly ulong _seed;
    private readonly bool _shuffle;
    private readonly Func<int, int>? _lengthOf;
    private readonly int _batchSize;
    private int _cachedPass = -1;
    private int[] _cached = [];

    /// <param name="rows">Number of rows.</param>
    /// <param name="seed">Seed of the recipe.</param>
    /// <param name="shuffle">False: file order in every pass.</param>
    /// <param name="lengthOf">When given, rows of similar length are brought together.</param>
    /// <param name="batchSize">Rows per micro-batch, for grouping.</param>
    public RowOrder(int rows, int seed, bool shuffle, Func<int, int>? lengthOf = null, int batchSize = 1)
    {
        _rows = rows;
        _seed = (ulong)seed;
        _shuffle = shuffle;
        _lengthOf = lengthOf;
        _batchSize = batchSize;
    }

    /// <summary>The rows of a pass, counted from 0.</summary>
    public int[] Pass(int pass)
    {
        if (pass == _cachedPass)
        {
            return _cached;
        }

        var order = Enumerable.Range(0, _rows).ToArray();
        if (_shuffle)
        {
            SeededShuffle.Apply(order, SeededShuffle.Mix(_seed, (ulong)pass));
        }

        if (_lengthOf is not null)
        {
            order = Grouped(order, pass);
        }

        (_cachedPass, _cached) = (pass, order);
        return order;
    }

    private int[] Grouped(int[] order, int pass)
    {
        var batches = new List<int[]>();
        foreach (var stretch in order.Chunk(BatchesPerStretch * _batchSize))
        {
            batches.AddRange(stretch.OrderByDescending(r => _lengthOf!(r)).Chunk(_batchSize));
        }

        // Without a second shuffle long batches would always come first; the short last batch stays last.
        var full = batches.Where(b => b.Length == _batchSize).ToArray();
        if (_shuffle)
        {
            SeededShuffle.Apply(full, SeededShuffle.Mix(_seed ^ 0x9E37, (ulong)pass));
        }

        return [.. full.Concat(batches.Where(b => b.Length < _batchSize)).SelectMany(b => b)];
    }
}
