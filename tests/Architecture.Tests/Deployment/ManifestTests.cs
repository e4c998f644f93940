using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using k8s.Models;
using LamdAgent.Contracts;
using LamdAgent.Hosting.Bus;
using LamdAgent.TestKit;
using YamlDotNet.RepresentationModel;

namespace LamdAgent.Architecture.Tests.Deployment;

/// <summary>What is deployed agrees with what was built: names, ports, queues, variables, and the rules of a restricted namespace.</summary>
public sealed class ManifestTests
{
    private static readonly string[] Services = ["Planner", "Trainer", "Merger", "Evaluator"];

    // Read by a library or by the runtime, not bound to an options class of ours.
    private static readonly string[] OtherVariables = ["ASPNETCORE_HTTP_PORTS", "DOTNET_CLI_TELEMETRY_OPTOUT", "LAMD_LLM_API_KEY"];

    [Fact]
    public void A_misspelt_field_is_an_error() =>
        Should.Throw<Exception>(() => Manifests.Parse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatta: {}\n"));

    [Fact]
    public void Every_service_has_a_workload_with_its_own_image_and_account()
    {
        Manifests.Pods.Select(pod => pod.Workload).ShouldBe(Services.Select(s => $"lamdagent-{s.ToLowerInvariant()}"), ignoreOrder: true);
        foreach (var (workload, pod, labels) in Manifests.Pods)
        {
            pod.Containers.Single().Image.ShouldStartWith($"{workload}:");
            pod.ServiceAccountName.ShouldBe(workload);
            labels["app.kubernetes.io/part-of"].ShouldBe("lamdagent", "network policies choose by it");
            Manifests.All.OfType<V1ServiceAccount>().Single(account => account.Metadata.Name == workload).AutomountServiceAccountToken.ShouldBe(false);
            Manifests.All.OfType<V1PodDisruptionBudget>().ShouldContain(budget => budget.Metadata.Name == workload);
        }
    }

    [Fact]
    public void Pods_meet_the_restricted_standard()
    {
        Manifests.Single<V1Namespace>().Metadata.Labels["pod-security.kubernetes.io/enforce"].ShouldBe("restricted");
        foreach (var (workload, pod, _) in Manifests.Pods)
        {
            var container = pod.Containers.Single();
            pod.AutomountServiceAccountToken.ShouldBe(false, workload);
            pod.SecurityContext.RunAsNonRoot.ShouldBe(true, workload);
            pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault", workload);
            container.SecurityContext.AllowPrivilegeEscalation.ShouldBe(false, workload);
            container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true, workload);
            container.SecurityContext.Capabilities.Drop.ShouldBe(["ALL"], workload);
            container.Resources.Requests.Keys.ShouldBe(["cpu", "memory"], ignoreOrder: true, workload);
            container.Resources.Limits.Keys.ShouldBe(["cpu", "memory"], ignoreOrder: true, workload);
        }
    }

    [Fact]
    public void Probes_scrapes_and_the_planners_service_use_the_port_the_image_listens_on()
    {
        foreach (var (workload, pod, _) in Manifests.Pods)
        {
            var container = pod.Containers.Single();
            container.Ports.Single().ContainerPort.ShouldBe(8080);
            container.LivenessProbe.HttpGet.Path.ShouldBe("/health/live");
            container.ReadinessProbe.HttpGet.Path.ShouldBe("/health/ready");
            Dockerfile(workload).ShouldContain("ASPNETCORE_HTTP_PORTS=8080");
        }

        Manifests.Single<V1Service>().Spec.Ports.Single().Port.ShouldBe(8080);
    }

    [Fact]
    public void The_planner_refuses_by_the_memory_that_the_trainers_have()
    {
        var told = Manifests.Pods.Single(pod => pod.Workload == "lamdagent-planner").Pod.Containers.Single().Env.Single(variable => variable.Name == "Planner__TrainerMemoryBytes");
        var limit = Manifests.Pods.Single(pod => pod.Workload == "lamdagent-trainer").Pod.Containers.Single().Resources.Limits["memory"];
        decimal.Parse(told.Value, CultureInfo.InvariantCulture).ShouldBe(limit.ToDecimal());
    }

    [Fact]
    public void Variables_name_settings_that_exist()
    {
        var known = Settings();
        var used = Manifests.Pods.SelectMany(pod => pod.Pod.Containers.Single().Env.Select(variable => variable.Name))
            .Concat(Manifests.Single<V1ConfigMap>().Data.Keys)
            .Concat(ComposeVariables());
        used.Distinct().Except(OtherVariables).Where(name => !known.Contains(name)).ShouldBeEmpty();
    }

    [Fact]
    public void Secrets_are_referred_to_and_never_written()
    {
        foreach (var variable in Manifests.Pods.SelectMany(pod => pod.Pod.Containers.Single().Env).Where(v => Regex.IsMatch(v.Name, "Url|Token|KEY", RegexOptions.None, TimeSpan.FromSeconds(1))))
        {
            variable.Value.ShouldBeNull(variable.Name);
            variable.ValueFrom.SecretKeyRef.ShouldNotBeNull(variable.Name);
        }

        Manifests.All.OfType<V1Secret>().ShouldBeEmpty();
        var compose = File.ReadAllText(Path.Combine(Repository.Root, "docker-compose.yml"));
        Regex.Matches(compose, "(PASSWORD|PASS|TOKEN)[A-Z_]*: (?<value>.*)", RegexOptions.None, TimeSpan.FromSeconds(1))
            .Select(match => match.Groups["value"].Value).ShouldAllBe(value => value.StartsWith("${", StringComparison.Ordinal) && value.Contains(":?", StringComparison.Ordinal));
    }

    [Fact]
    public void Trainers_scale_on_the_queue_that_trainers_read()
    {
        var job = Manifests.Single<ScaledJob>();
        var trigger = job.Spec.Triggers.Single();
        trigger.Metadata["queueName"].ShouldBe(QueueNames.ForCommand<TrainModel>());
        trigger.AuthenticationRef.Name.ShouldBe(Manifests.Single<TriggerAuthentication>().Metadata.Name);
        job.Spec.JobTargetRef.Template.Spec.RestartPolicy.ShouldBe("Never");
        job.Spec.JobTargetRef.PodFailurePolicy.Rules.ShouldContain(rule => rule.Action == "Ignore" && rule.OnPodConditions.Any(c => c.Type == "DisruptionTarget"));
    }

    [Fact]
    public void A_pod_is_given_longer_to_stop_than_its_host_takes()
    {
        var stop = TimeSpan.Parse(Manifests.Single<V1ConfigMap>().Data["Bus__StopTimeout"], System.Globalization.CultureInfo.InvariantCulture);
        foreach (var (workload, pod, _) in Manifests.Pods)
        {
            TimeSpan.FromSeconds(pod.TerminationGracePeriodSeconds!.Value).ShouldBeGreaterThan(stop + TimeSpan.FromSeconds(10), workload);
        }

        var compose = File.ReadAllText(Path.Combine(Repository.Root, "docker-compose.yml"));
        var grace = int.Parse(Regex.Match(compose, "stop_grace_period: ([0-9]+)s", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        TimeSpan.FromSeconds(grace).ShouldBeGreaterThan(new BusOptions().StopTimeout + TimeSpan.FromSeconds(9));
    }

    [Fact]
    public void Images_run_as_nobody_and_carry_libtorch_only_where_tensors_are()
    {
        foreach (var service in Services)
        {
            var dockerfile = Dockerfile($"lamdagent-{service.ToLowerInvariant()}");
            dockerfile.ShouldContain("USER 10001:10001");
            dockerfile.ShouldContain($"[\"dotnet\", \"LamdAgent.{service}.dll\"]");
            dockerfile.Contains("CarryTorch=true", StringComparison.Ordinal).ShouldBe(service is "Trainer" or "Evaluator", service);
        }
    }

    [Fact]
    public void The_compose_file_starts_every_service_and_what_it_needs()
    {
        var services = ((YamlMappingNode)Compose().Children["services"]).Children.Keys.Select(key => ((YamlScalarNode)key).Value);
        services.ShouldBe(["rabbitmq", "mongodb", "artifacts-owner", "planner", "trainer", "merger", "evaluator"], ignoreOrder: true);
    }

    [Fact]
    public void Kustomizations_name_files_that_exist()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "k8s"), "kustomization.yaml", SearchOption.AllDirectories))
        {
            var folder = Path.GetDirectoryName(file)!;
            var kustomization = Load(file);
            var resources = ((YamlSequenceNode)kustomization.Children["resources"]).Select(node => ((YamlScalarNode)node).Value!);
            var patches = kustomization.Children.TryGetValue("patches", out var list)
                ? ((YamlSequenceNode)list).Select(patch => ((YamlScalarNode)patch["path"]).Value!)
                : [];
            foreach (var name in resources.Concat(patches))
            {
                Path.Exists(Path.Combine(folder, name)).ShouldBeTrue($"{file} names {name}");
            }

            if (folder.EndsWith("base", StringComparison.Ordinal))
            {
                Directory.EnumerateFiles(folder, "*.yaml").Select(f => Path.GetFileName(f)!).Except(["kustomization.yaml"]).ShouldBe(resources, ignoreOrder: true);
            }
        }
    }

    private static string Dockerfile(string workload) =>
        File.ReadAllText(Path.Combine(Repository.Root, "services", Services.Single(s => workload == $"lamdagent-{s.ToLowerInvariant()}"), "Dockerfile"));

    // Section__Property for every options class, that is, every class with a constant Section.
    private static HashSet<string> Settings() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "LamdAgent.*.dll")
            .Select(Assembly.LoadFrom)
            .SelectMany(assembly => assembly.GetTypes())
            .Select(type => (Type: type, Section: type.GetField("Section", BindingFlags.Public | BindingFlags.Static)))
            .Where(pair => pair.Section is { IsLiteral: true })
            .SelectMany(pair => pair.Type.GetProperties().Where(p => p.CanWrite).Select(p => $"{pair.Section!.GetRawConstantValue()}__{p.Name}"))
            .ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<string> ComposeVariables()
    {
        var shared = (YamlMappingNode)Compose().Children["x-environment"];
        var services = (YamlMappingNode)Compose().Children["services"];
        var planner = (YamlMappingNode)services["planner"]["environment"];
        return shared.Children.Keys.Concat(planner.Children.Keys).Select(key => ((YamlScalarNode)key).Value!).Where(name => name != "<<");
    }

    private static YamlMappingNode Compose() => Load(Path.Combine(Repository.Root, "docker-compose.yml"));

    private static YamlMappingNode Load(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(file)));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }
}
