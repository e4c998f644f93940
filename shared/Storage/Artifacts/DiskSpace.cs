using LamdAgent.Checkpoints;
using Microsoft.Data.Sqlite;

namespace LamdAgent.Storage.Artifacts;

/// <summary>Tells a full disk from what is wrong with the work itself.</summary>
public static class DiskSpace
{
    private const int SqliteFull = 13;

    /// <summary>Whether an error, or one behind it, means that no room is left on a disk.</summary>
    public static bool HasRunOut(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is IOException io && DiskFull.Is(io) || e is SqliteException { SqliteErrorCode: SqliteFull })
            {
                return true;
            }
        }

        return false;
    }
}
