namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>
/// Edit distance to a reference along a beam around the diagonal, with the operations that lead there (sacreBLEU's <c>lib_ter.py</c>, which follows
/// Tercom): of equal ways, no change or substitution wins over deletion, deletion over insertion.
/// </summary>
internal sealed class BeamEditDistance(IReadOnlyList<string> reference)
{
    private const int BeamWidth = 25;
    private const int Infinity = int.MaxValue / 2;

    /// <summary>The distance, and the operations in order: ' ' none, 's' substitution, 'd' deletion of a word of the answer, 'i' insertion.</summary>
    public (int Distance, string Operations) Of(IReadOnlyList<string> words)
    {
        var (rows, columns) = (words.Count, reference.Count);
        var cost = new int[rows + 1, columns + 1];
        var operation = new char[rows + 1, columns + 1];
        for (var i = 0; i <= rows; i++)
        {
            for (var j = 0; j <= columns; j++)
            {
                (cost[i, j], operation[i, j]) = i == 0 ? (j, 'i') : (Infinity, 'x');
            }
        }

        var ratio = rows > 0 ? (double)columns / rows : 1;
        var beam = BeamWidth < ratio / 2 ? (int)Math.Ceiling((ratio / 2) + BeamWidth) : BeamWidth;
        for (var i = 1; i <= rows; i++)
        {
            var diagonal = (int)Math.Floor(i * ratio);
            var last = i == rows ? columns + 1 : Math.Min(columns + 1, diagonal + beam);
            for (var j = Math.Max(0, diagonal - beam); j < last; j++)
            {
                if (j == 0)
                {
                    (cost[i, j], operation[i, j]) = (cost[i - 1, j] + 1, 'd');
                    continue;
                }

                var same = words[i - 1] == reference[j - 1];
                Try(cost[i - 1, j - 1] + (same ? 0 : 1), same ? ' ' : 's');
                Try(cost[i - 1, j] + 1, 'd');
                Try(cost[i, j - 1] + 1, 'i');

                void Try(int candidate, char name)
                {
                    if (cost[i, j] > candidate)
                    {
                        (cost[i, j], operation[i, j]) = (candidate, name);
                    }
                }
            }
        }

        return (cost[rows, columns], Trace(operation, rows, columns));
    }

    private static string Trace(char[,] operation, int i, int j)
    {
        var trace = new List<char>();
        while (i > 0 || j > 0)
        {
            var name = operation[i, j];
            trace.Add(name);
            i -= name is ' ' or 's' or 'd' ? 1 : 0;
            j -= name is ' ' or 's' or 'i' ? 1 : 0;
        }

        trace.Reverse();
        return new string([.. trace]);
    }
}
