namespace LamdAgent.Merging.Engine;

/// <summary>Spreads the blocks of a pass over threads.</summary>
internal sealed class MergeThreads(int count)
{
    /// <summary>Runs a body for every index; on the calling thread alone where there is little to do.</summary>
    public void For(long first, long last, Action<long> body, CancellationToken cancellation)
    {
        if (count == 1 || last - first <= 1)
        {
            for (var i = first; i < last; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                body(i);
            }

            return;
        }

        try
        {
            Parallel.For(first, last, new ParallelOptions { MaxDegreeOfParallelism = count, CancellationToken = cancellation }, body);
        }
        catch (AggregateException e) when (e.InnerExceptions.Count > 0)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
