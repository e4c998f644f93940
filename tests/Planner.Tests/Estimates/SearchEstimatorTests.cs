using LamdAgent.Domain.Searches;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Submission;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Estimates;

public sealed class SearchEstimatorTests
{
    private static readonly MachineResources Large = new(64L << 30, 1L << 40, 1e11);

    private static string Row(int bytes)
    {
        const string frame = """{"messages": [{"role": "user", "content": "y"}, {"role": "assistant", "content": ""}]}""";
        return frame.Replace("\"\"", $"\"{new string('x', bytes - frame.Length)}\"", StringComparison.Ordinal);
    }

    private static SearchEstimate Estimate(TemporaryFolder folder, MachineResources machine, string strategy = "greedy")
    {
        File.WriteAllText(folder["items.jsonl"], string.Concat(Enumerable.Repeat("{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"answer\": \"x\"}\n", 10)));
        foreach (var task in new[] { "tools.yaml", "if.yaml" })
        {
            File.WriteAllText(folder[task], "task: say\nversion: 1\ngrader: exact_match\nvalidation: items.jsonl\ntest: items.jsonl\nmax_new_tokens: 8\n");
        }

        File.WriteAllText(folder["tools.jsonl"], Row(4000));
        File.WriteAllText(folder["mixed.jsonl"], Row(8000));
        File.WriteAllText(folder["search.yaml"], SearchHarness.Yaml
            .Replace("path: base}", $"path: \"{SampleModel.Folder}\"}}", StringComparison.Ordinal)
            .Replace("sft: {learning_rate: [1e-3, 2e-3]}", "sft: {learning_rate: [1e-3, 2e-3], num_train_epochs: 2, max_length: 64}", StringComparison.Ordinal)
            .Replace("strategy: greedy", $"strategy: {strategy}, llm: {{endpoint: \"http://localhost/v1\", model: toy}}", StringComparison.Ordinal));
        return SearchSubmission.Prepare(folder["search.yaml"], "run", new SearchOverrides(), TimeProvider.System, machine: machine).Estimate;
    }

    [Fact]
    public void Sizes_are_counted()
    {
        using var folder = new TemporaryFolder();
        var estimate = Estimate(folder, Large);

        estimate.Actions.ShouldBe([
            new ActionTypeEstimate("sft", 2, 2, 4, 8 * 4),
            new ActionTypeEstimate("linear", 2, 0, 0, 28 + 56),
            new ActionTypeEstimate("task_arithmetic", 2, 0, 0, 2 * 28),
        ]);
        estimate.Steps.ShouldBe(8);
        estimate.ModelParameters.ShouldBeGreaterThan(1000);
        estimate.TrainingMemoryBytes.ShouldBeGreaterThan(16 * estimate.ModelParameters);
        estimate.DiskBytes.ShouldBeGreaterThan(9 * estimate.ModelBytes);

        // 12,000 bytes, 4 bytes a token, 2 epochs: 1,500 tokens x 2 for the average step, 3,000 x 2 for the reference.
        estimate.TrainingTokens.ShouldBe((8 * 3000) + 6000);
        estimate.EvaluationTokens.ShouldBe((160 * 10) + (160 * 3));
        estimate.Seconds.ShouldBeGreaterThan(0);
        estimate.LlmTokens.ShouldBe(0);
        estimate.Problems.ShouldBeEmpty();
    }

    [Fact]
    public void An_agent_costs_tokens()
    {
        using var folder = new TemporaryFolder();
        Estimate(folder, Large, "llm").LlmTokens.ShouldBeInRange(10_000, 200_000);
    }

    [Fact]
    public void What_cannot_fit_is_said()
    {
        using var folder = new TemporaryFolder();
        var problems = Estimate(folder, new MachineResources(1000, 1000, 1e11)).Problems;
        problems.Count.ShouldBe(2);
        problems[0].ShouldContain("of memory");
        problems[1].ShouldContain("of disk");
        MachineResources.OfThisMachine(folder["not", "there"]).DiskFreeBytes!.Value.ShouldBeGreaterThan(0);
    }
}
