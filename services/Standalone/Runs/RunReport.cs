using LamdAgent.Domain.Models;
using LamdAgent.Planner.Reports;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Standalone.Runs;

/// <summary>What a finished run hands over: the report files, the recipe of the best model, the model itself under <c>best</c>, and the result on stdout.</summary>
internal static class RunReport
{
    private const string Best = "best";

    public static async Task WriteAsync(RunFolder run, OpenedStore store, bool json, RunView view, CancellationToken cancellation)
    {
        var search = await store.GetSearchAsync(cancellation);
        string PathOf(ModelRecord model) => Path.IsPathRooted(model.Artifact) ? model.Artifact : run[model.Artifact];
        var report = await ReportBuilder.BuildAsync(store.Store, search.Id, PathOf, cancellation)
            ?? throw new InvalidDataException($"{run.Database} lost its search");
        try
        {
            ReportFiles.Write(report, run.Path);
            if (report.Best is { } best)
            {
                Link(run, (await store.Store.GetModelAsync(search.Id, best.Model, cancellation))!);
            }
        }
        catch (Exception e) when (DiskSpace.HasRunOut(e))
        {
            view.Say($"lamd: the disk is full, the report was not written; make room, then: lamd resume {run.DisplayPath}");
        }

        if (json)
        {
            Console.WriteLine(ReportFiles.ToJson(report));
        }
        else
        {
            ReportTable.Print(report, run);
        }
    }

    // A link, because models are large; where links cannot be made, a copy.
    private static void Link(RunFolder run, ModelRecord best)
    {
        var link = run[Best];
        if (File.Exists(link) || Directory.Exists(link))
        {
            Directory.Delete(link, recursive: new DirectoryInfo(link).LinkTarget is null);
        }

        try
        {
            Directory.CreateSymbolicLink(link, best.Artifact);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !DiskSpace.HasRunOut(e))
        {
            ModelCopy.Write(Path.IsPathRooted(best.Artifact) ? best.Artifact : run[best.Artifact], link, card: null);
        }
    }
}
