using System.Text.RegularExpressions;

namespace LamdAgent.Hosting.Bus;

/// <summary>Queue names, in kebab case and derived from types, so that sender, consumer, scaler manifests and dashboards agree.</summary>
public static partial class QueueNames
{
    /// <summary>The queue of a command: <c>TrainModel</c> gives <c>train-model</c>.</summary>
    public static string ForCommand<TCommand>()
        where TCommand : class => KebabCase(typeof(TCommand).Name);

    /// <summary>A subscriber's queue for an event: service <c>planner</c> and <c>ModelTrained</c> give <c>planner-model-trained</c>.</summary>
    public static string ForEvent<TEvent>(string service)
        where TEvent : class => $"{service}-{KebabCase(typeof(TEvent).Name)}";

    /// <summary>Where the messages of a queue rest that could not be dealt with.</summary>
    public static string ErrorsOf(string queue) => queue + "_error";

    private static string KebabCase(string name) => WordStart().Replace(name, "-$1").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])([A-Z])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WordStart();
}
