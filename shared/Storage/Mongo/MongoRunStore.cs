using LamdAgent.Domain;
using MongoDB.Driver;

namespace LamdAgent.Storage.Mongo;

/// <summary>The run store of the distributed system: a MongoDB database that planners and workers share.</summary>
public static class MongoRunStore
{
    /// <summary>Opens a database; nothing is connected to until the first use.</summary>
    /// <param name="url">Connection string, <c>mongodb://user:password@host:27017/?replicaSet=rs0</c>.</param>
    /// <param name="database">Name of the database; made at the first write.</param>
    /// <returns>The store; call <see cref="IRunStore.InitializeAsync"/> before the first use and dispose it at the end.</returns>
    /// <exception cref="InvalidInputException">The connection string cannot be read. The message does not repeat it: it may hold a password.</exception>
    public static IRunStore Open(string url, string database)
    {
        try
        {
            return new DocumentRunStore(new MongoDocuments(url, database));
        }
        catch (Exception e) when (e is MongoConfigurationException or ArgumentException or FormatException)
        {
            throw new InvalidInputException("the store's connection string is not one of MongoDB: mongodb://user:password@host:27017/?replicaSet=rs0");
        }
    }
}
