using k8s.Models;

namespace LamdAgent.Architecture.Tests.Deployment;

/// <summary>KEDA's ScaledJob (keda.sh/v1alpha1), as far as the manifests use it.</summary>
public sealed class ScaledJob
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ScaledJobSpec Spec { get; set; } = new();
}

public sealed class ScaledJobSpec
{
    public int PollingInterval { get; set; }

    public int MaxReplicaCount { get; set; }

    public int SuccessfulJobsHistoryLimit { get; set; }

    public int FailedJobsHistoryLimit { get; set; }

    public RolloutStrategy Rollout { get; set; } = new();

    public ScalingStrategy ScalingStrategy { get; set; } = new();

    public IList<ScaleTrigger> Triggers { get; set; } = [];

    public V1JobSpec JobTargetRef { get; set; } = new();
}

public sealed class RolloutStrategy
{
    public string Strategy { get; set; } = "";
}

public sealed class ScalingStrategy
{
    public string Strategy { get; set; } = "";
}

public sealed class ScaleTrigger
{
    public string Type { get; set; } = "";

    public IDictionary<string, string> Metadata { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public AuthenticationRef AuthenticationRef { get; set; } = new();
}

public sealed class AuthenticationRef
{
    public string Name { get; set; } = "";
}

public sealed class TriggerAuthentication
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public TriggerAuthenticationSpec Spec { get; set; } = new();
}

public sealed class TriggerAuthenticationSpec
{
    public IList<SecretTargetRef> SecretTargetRef { get; set; } = [];
}

public sealed class SecretTargetRef
{
    public string Parameter { get; set; } = "";

    public string Name { get; set; } = "";

    public string Key { get; set; } = "";
}
