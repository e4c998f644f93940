using LamdAgent.Domain;

namespace LamdAgent.Storage.Artifacts;

/// <summary>
/// Where model folders and samples lie. An artifact has a name (<c>models/m-0007</c>), appears whole or not at all and never changes. Workers see it as a
/// local folder; a store behind a network would bring it to one.
/// </summary>
public interface IArtifactStore
{
    /// <summary>The name that an artifact of a search has: kind <c>models</c> and id <c>m-0007</c> give <c>models/m-0007</c>, where a store serves many searches with the search in front.</summary>
    string NameOf(string searchId, string kind, string id);

    /// <summary>The folder of an artifact, to read from. Its content was compared with the digest it is expected to have.</summary>
    /// <param name="artifact">A name in this store, or the absolute path of a starting model.</param>
    /// <param name="digest">The model's digest (<see cref="ModelDigest"/>); null when nothing is known.</param>
    /// <exception cref="InvalidInputException">There is none, or it holds something else.</exception>
    Task<string> OpenAsync(string artifact, string? digest, CancellationToken cancellation);

    /// <summary>A path to write a new artifact to, in the place it will be published from. Nothing is there yet.</summary>
    /// <param name="artifact">The name that is intended.</param>
    string NewDraft(string artifact);

    /// <summary>
    /// Makes a finished draft an artifact. When another writer published the same content under that name before, the draft is dropped; when the content is
    /// another, it gets a name of its own: two writers of one name cannot harm each other.
    /// </summary>
    /// <returns>The name it has now.</returns>
    Task<string> PublishAsync(string draft, string artifact, CancellationToken cancellation);

    /// <summary>The folder of an artifact, or null when there is none.</summary>
    string? Find(string artifact);

    /// <summary>Deletes a draft, if it is there.</summary>
    void Drop(string draft);

    /// <summary>
    /// The folder for what a worker keeps of unfinished work (training checkpoints) while it holds a step's claim. What an earlier holder kept moves into it in one rename: the new holder goes on from
    /// there, and the earlier one, should it wake up, writes somewhere else.
    /// </summary>
    /// <param name="searchId">The search.</param>
    /// <param name="stepId">The step.</param>
    /// <param name="fencingToken">The claim's.</param>
    string WorkFolder(string searchId, string stepId, long fencingToken);

    /// <summary>Deletes what all holders of a step kept. Only the worker whose result was accepted may.</summary>
    void DeleteWorkFolder(string searchId, string stepId);

    /// <summary>Deletes an artifact; nothing happens when it is not there.</summary>
    void Delete(string artifact);

    /// <summary>
    /// Names of what workers began for a search and did not finish: drafts that were never published, and what they kept of unfinished work. Useless once none of its steps can be taken up again; then
    /// <see cref="Delete"/> makes the room.
    /// </summary>
    /// <param name="searchId">The search.</param>
    IReadOnlyList<string> ListUnfinished(string searchId);

    /// <summary>Names of all artifacts below a folder name (<c>models</c>).</summary>
    IReadOnlyList<string> List(string folder);
}
