using k8s;
using k8s.Models;
using LamdAgent.TestKit;

namespace LamdAgent.Architecture.Tests.Deployment;

/// <summary>The Kubernetes manifests, read with the API's own models; a field that those do not know is an error.</summary>
internal static class Manifests
{
    /// <summary>Every document of <c>k8s/base</c> and of the strategic patches, but for kustomize's own files.</summary>
    public static IReadOnlyList<object> All { get; } = [.. Files().SelectMany(Read)];

    /// <summary>The pod of every workload.</summary>
    public static IReadOnlyList<(string Workload, V1PodSpec Pod, IDictionary<string, string> Labels)> Pods { get; } =
    [
        .. All.OfType<V1Deployment>().Where(d => d.Spec.Selector is not null).Select(d => (d.Metadata.Name, d.Spec.Template.Spec, d.Spec.Template.Metadata.Labels)),
        .. All.OfType<ScaledJob>().Select(j => (j.Metadata.Name, j.Spec.JobTargetRef.Template.Spec, j.Spec.JobTargetRef.Template.Metadata.Labels)),
    ];

    public static T Single<T>()
        where T : class => All.OfType<T>().Single();

    public static IReadOnlyList<object> Parse(string yaml) =>
        KubernetesYaml.LoadAllFromString(
            yaml,
            new Dictionary<string, Type>(StringComparer.Ordinal)
            {
                ["keda.sh/v1alpha1/ScaledJob"] = typeof(ScaledJob),
                ["keda.sh/v1alpha1/TriggerAuthentication"] = typeof(TriggerAuthentication),
            },
            strict: true);

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "k8s"), "*.yaml", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is not ("kustomization.yaml" or "trainer-gpu.yaml"))
            .Order(StringComparer.Ordinal);

    private static IEnumerable<object> Read(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file));
        }
        catch (Exception e)
        {
            throw new InvalidDataException($"{Path.GetRelativePath(Repository.Root, file)}: {e.Message}", e);
        }
    }
}
