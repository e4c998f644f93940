using System.Reflection;
using System.Xml.Linq;

namespace LamdAgent.Architecture.Tests;

/// <summary>What the shared rooms show to the outside.</summary>
public sealed class PublicSurfaceTests
{
    private static readonly string[] SharedRooms =
        ["Contracts", "Domain", "Checkpoints", "Tokenization", "Merging", "Modeling", "Evaluation", "Storage", "Hosting"];

    public static TheoryData<string> Rooms => [.. SharedRooms];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Every_public_type_says_what_it_is_for(string room)
    {
        var documented = XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"LamdAgent.{room}.xml"))
            .Descendants("member")
            .Where(m => !string.IsNullOrWhiteSpace(m.Element("summary")?.Value) || m.Element("inheritdoc") is not null)
            .Select(m => m.Attribute("name")!.Value)
            .ToHashSet(StringComparer.Ordinal);
        Load(room).GetExportedTypes()
            .Where(type => !documented.Contains("T:" + type.FullName!.Replace('+', '.')))
            .Select(type => type.FullName)
            .ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Storage", "MongoDB")]
    [InlineData("Storage", "Microsoft.Data")]
    [InlineData("Hosting", "MassTransit")]
    [InlineData("Hosting", "RabbitMQ")]
    public void A_hidden_library_is_in_no_public_signature(string room, string library) =>
        Load(room).GetExportedTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(member => TypesOf(member).Any(t => Mentions(t, library)))
            .Select(member => $"{member.DeclaringType!.FullName}.{member.Name}")
            .ShouldBeEmpty();

    [Fact]
    public void Contracts_are_sealed_records_in_one_namespace() =>
        Load("Contracts").GetExportedTypes()
            .Where(type => type.Namespace != "LamdAgent.Contracts" || (type.IsClass && !type.IsSealed))
            .Select(type => type.FullName)
            .ShouldBeEmpty();

    private static Assembly Load(string room) => Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"LamdAgent.{room}.dll"));

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(p => p.ParameterType).Concat(method is MethodInfo info ? [info.ReturnType] : []),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static bool Mentions(Type type, string library) =>
        (type.FullName ?? type.Name).StartsWith(library, StringComparison.Ordinal) || type.GetGenericArguments().Any(argument => argument != type && Mentions(argument, library));
}
