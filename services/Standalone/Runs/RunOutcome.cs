using LamdAgent.Domain.Searches;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Standalone.Runs;

/// <summary>How <c>run</c> and <c>resume</c> come to their end: the report, or one line that says what happened and how to go on.</summary>
internal static class RunOutcome
{
    public static async Task<int> ConcludeAsync(
        RunFolder run, RunView view, bool json, Func<CancellationToken, Task<SearchStatus>> drive, CancellationToken cancellation)
    {
        SearchStatus status;
        try
        {
            status = await drive(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            view.Say($"stopped, nothing is lost; go on with: lamd resume {run.DisplayPath}");
            return ExitCodes.Failed;
        }
        catch (Exception e) when (DiskSpace.HasRunOut(e))
        {
            view.Say($"lamd: {e.Message}");
            view.Say($"lamd: nothing is lost; make room, then: lamd resume {run.DisplayPath}");
            return ExitCodes.BadInput;
        }

        await using var store = await OpenedStore.OpenAsync(run, mustExist: true, CancellationToken.None);
        if (status != SearchStatus.Completed)
        {
            view.Say($"lamd: the search ended as {status.ToString().ToLowerInvariant()}: {(await store.GetSearchAsync(CancellationToken.None)).StatusReason}");
            return ExitCodes.Failed;
        }

        await RunReport.WriteAsync(run, store, json, view, CancellationToken.None);
        return ExitCodes.Done;
    }
}
