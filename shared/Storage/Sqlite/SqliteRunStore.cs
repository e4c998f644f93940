using LamdAgent.Domain;

namespace LamdAgent.Storage.Sqlite;

/// <summary>The embedded run store: one SQLite file, usable by several processes of one machine at once.</summary>
public static class SqliteRunStore
{
    /// <summary>Name of the file in a run folder.</summary>
    public const string FileName = "run.db";

    /// <summary>Opens a file, or makes it.</summary>
    /// <param name="path">The database file; its folder must exist.</param>
    /// <param name="mustExist">Refuse to make a new one.</param>
    /// <returns>The store; call <see cref="IRunStore.InitializeAsync"/> before the first use and dispose it at the end.</returns>
    /// <exception cref="InvalidInputException">There is no such file, or it is something else.</exception>
    public static IRunStore Open(string path, bool mustExist = false)
    {
        if (mustExist && !File.Exists(path))
        {
            throw new InvalidInputException(path, null, "no such file; a run's folder holds one");
        }

        return new DocumentRunStore(new SqliteDocuments(path));
    }
}
