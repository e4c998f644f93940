using System.Reflection;
using LamdAgent.Contracts;

namespace LamdAgent.Contracts.Tests;

public sealed class MessageContractTests
{
    // Queues, exchanges and running workers of an older version go by these names: changing a line here is a breaking change of the wire.
    private const string Expected = """
        EvaluateModel SearchId StepId
        EvaluationRejected Reason SearchId StepId
        MergeModels SearchId StepId
        MergeRejected Reason SearchId StepId
        ModelEvaluated ModelId SearchId StepId
        ModelTrained Digest ModelId SearchId StepId
        ModelsMerged Digest ModelId SearchId StepId
        SearchCompleted SearchId
        SearchRejected Reason SearchId
        SearchStarted SearchId
        StartSearch SearchId
        StepFaulted Reason SearchId StepId
        StepReleased SearchId StepId
        TrainModel SearchId StepId
        TrainingDiverged Reason SearchId StepId
        TrainingRejected Reason SearchId StepId
        """;

    private static readonly IReadOnlyList<Type> Messages = [.. typeof(TrainModel).Assembly.GetExportedTypes().OrderBy(type => type.Name, StringComparer.Ordinal)];

    [Fact]
    public void The_wire_contract_is_what_it_was() =>
        string.Join('\n', Messages.Select(Describe)).ShouldBe(Expected.ReplaceLineEndings("\n"));

    [Fact]
    public void Messages_carry_texts_only_and_all_of_them_are_required()
    {
        foreach (var property in Messages.SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)))
        {
            property.PropertyType.ShouldBe(typeof(string), $"{property.DeclaringType!.Name}.{property.Name}: messages carry ids and digests");
            property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute)).ShouldBeTrue($"{property.DeclaringType!.Name}.{property.Name}");
        }
    }

    [Fact]
    public void Messages_live_in_one_namespace() => Messages.ShouldAllBe(type => type.Namespace == "LamdAgent.Contracts" && !type.IsNested && type.IsSealed);

    private static string Describe(Type message) =>
        string.Join(' ', message.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Select(p => p.Name).Order(StringComparer.Ordinal).Prepend(message.Name));
}
