using System.Xml.Linq;
using LamdAgent.TestKit;

namespace LamdAgent.Architecture.Tests;

/// <summary>Rooms import downwards only; what a room may not hold, its project does not reference (shared/docs/architecture.md has the picture).</summary>
public sealed class ReferenceDirectionTests
{
    // What each room may reference. A new arrow is a decision: write it here and say why in an ADR.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Contracts"] = [],
        ["Domain"] = [],
        ["Checkpoints"] = ["Domain"],
        ["Tokenization"] = ["Domain", "Checkpoints"],
        ["Merging"] = ["Domain", "Checkpoints", "Tokenization"],
        ["Modeling"] = ["Domain", "Checkpoints", "Tokenization"],
        ["Evaluation"] = ["Domain", "Tokenization"],
        ["Storage"] = ["Domain", "Contracts", "Checkpoints"],
        ["Hosting"] = ["Domain", "Contracts", "Storage"],
        ["Planner"] = ["Domain", "Contracts", "Storage", "Hosting", "Checkpoints", "Tokenization", "Evaluation", "Merging"],
        ["Trainer"] = ["Domain", "Contracts", "Storage", "Hosting", "Checkpoints", "Tokenization", "Evaluation", "Modeling"],
        ["Merger"] = ["Domain", "Contracts", "Storage", "Hosting", "Checkpoints", "Tokenization", "Merging"],
        ["Evaluator"] = ["Domain", "Contracts", "Storage", "Hosting", "Checkpoints", "Tokenization", "Evaluation", "Modeling"],
        ["Standalone"] =
        [
            "Contracts", "Domain", "Checkpoints", "Tokenization", "Merging", "Modeling", "Evaluation", "Storage", "Hosting",
            "Planner", "Trainer", "Merger", "Evaluator",
        ],
    };

    // Libraries that one room keeps to itself, so that they can be replaced in one place.
    private static readonly Dictionary<string, string> OnlyIn = new(StringComparer.Ordinal)
    {
        ["TorchSharp"] = "Modeling",
        ["libtorch"] = "Modeling",
        ["MassTransit"] = "Hosting",
        ["RabbitMQ.Client"] = "Hosting",
        ["MongoDB.Driver"] = "Storage",
        ["Microsoft.Data.Sqlite"] = "Storage",
        ["YamlDotNet"] = "Domain",
        ["Azure.AI.OpenAI"] = "Planner",
        ["OpenAI"] = "Planner",
        ["System.CommandLine"] = "Standalone",
        ["Spectre.Console"] = "Standalone",
    };

    public static TheoryData<string> Rooms => [.. Projects().Select(p => p.Room)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_references_only_rooms_below_it(string room)
    {
        var references = Items(room, "ProjectReference").Select(Room).ToList();
        references.Except(Allowed[room]).ShouldBeEmpty($"{room} may reference only {string.Join(", ", Allowed[room])}");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_library_that_one_room_hides_is_referenced_by_no_other(string room)
    {
        foreach (var package in Items(room, "PackageReference"))
        {
            foreach (var (prefix, owner) in OnlyIn)
            {
                if (owner != room)
                {
                    IsPackage(package, prefix).ShouldBeFalse($"{package} belongs to {owner}, found in {room}");
                }
            }
        }
    }

    [Fact]
    public void The_allowed_arrows_have_no_cycle()
    {
        foreach (var room in Allowed.Keys)
        {
            Reachable(room).ShouldNotContain(room);
        }
    }

    [Theory]
    [InlineData("Planner")]
    [InlineData("Merger")]
    public void Services_that_need_no_tensors_do_not_reach_the_room_that_has_them(string service) =>
        Reachable(service).ShouldNotContain("Modeling");

    private static bool IsPackage(string package, string prefix) =>
        package == prefix || package.StartsWith(prefix + ".", StringComparison.Ordinal) || package.StartsWith(prefix + "-", StringComparison.Ordinal);

    private static HashSet<string> Reachable(string room)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>(Allowed[room]);
        while (queue.TryDequeue(out var next))
        {
            if (seen.Add(next))
            {
                foreach (var reference in Allowed[next])
                {
                    queue.Enqueue(reference);
                }
            }
        }

        return seen;
    }

    private static IEnumerable<(string Room, string File)> Projects() =>
        new[] { "shared", "services" }
            .SelectMany(top => Directory.EnumerateDirectories(Path.Combine(Repository.Root, top)))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj"))
            .Select(file => (Room(file), file));

    private static string Room(string project) => Path.GetFileNameWithoutExtension(project.Replace('\\', '/')).Replace("LamdAgent.", "", StringComparison.Ordinal);

    private static IEnumerable<string> Items(string room, string element) =>
        XDocument.Load(Projects().Single(p => p.Room == room).File).Descendants(element).Select(e => e.Attribute("Include")!.Value);
}
