using System.Text.Json;
using LamdAgent.Evaluation.Tests.Support;
using LamdAgent.TestKit;

namespace LamdAgent.Evaluation.Tests;

/// <summary>The task files for public benchmarks, beside made-up rows in the published form.</summary>
public sealed class BenchmarkTaskTests : IDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "shared", "Evaluation", "Tasks");
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_model_that_knows_the_answers_scores_one_and_a_silent_one_zero(string name)
    {
        var rows = Rows(name);
        foreach (var part in new[] { "test", "validation", "train" })
        {
            // Examples ask something else than the items.
            File.WriteAllLines(_folder[$"{name}.{part}.jsonl"], part == "train" ? [.. Enumerable.Range(0, 9).Select(i => rows[0].Replace("QUESTION", $"example {i}", StringComparison.Ordinal))] : rows);
        }

        File.Copy(Path.Combine(Folder, $"{name}.yaml"), _folder["task.yaml"]);
        var task = EvaluationTask.Load(_folder["task.yaml"]);
        task.Name.ShouldBe(name);
        var split = task.Has(EvaluationSplit.Test) ? EvaluationSplit.Test : EvaluationSplit.Validation;
        var right = new ScriptedModel(_ => Right(name), request => request.Continuation.Trim() is "B" or "right" ? -1 : -100);
        TaskEvaluator.Evaluate(right, task, split).Score.ShouldBe(1);
        TaskEvaluator.Evaluate(new ScriptedModel(_ => "", request => request.Continuation.Trim() is "B" or "right" ? -100 : -1), task, split).Score.ShouldBe(0);
        right.Requests.ForEach(request => request.Stop.ShouldBe(task.Stop));
    }

    private static string[] Rows(string name)
    {
        const string choices = """{"text":["wrong","right","bad","poor","sad"],"label":["A","B","C","D","E"]}""";
        object row = name switch
        {
            "gsm8k" or "gsm8k_cot" => new { question = "QUESTION", answer = "It is 3.\n#### 3", target = "It is 3. The answer is 3." },
            "triviaqa" => new { question = "QUESTION", answer = new { aliases = new[] { "Paris", "City of Paris" } } },
            "hellaswag" => new { activity_label = "QUESTION", ctx_a = "a", ctx_b = "b", endings = new[] { "wrong", "right" }, label = "1" },
            "ifeval" => new { key = 1, prompt = "QUESTION", instruction_id_list = new[] { "punctuation:no_comma" }, kwargs = new[] { new { } } },
            "hendrycks_math" or "minerva_math" => new { problem = "QUESTION", solution = @"So $\boxed{\frac{1}{2}}$." },
            _ => new { question = "QUESTION", choices = JsonDocument.Parse(choices).RootElement, answerKey = "B" },
        };
        var text = JsonSerializer.Serialize(row);
        return [text, text.Replace("QUESTION", "another", StringComparison.Ordinal)];
    }

    private static string Right(string name) => name switch
    {
        "gsm8k" => " It is 3.\n#### 3",
        "gsm8k_cot" => " The answer is 3. Q: more",
        "triviaqa" => " paris.",
        "arc_challenge_chat" => " b.",
        "hendrycks_math" => @"$\frac12$",
        "minerva_math" => " Final Answer: The final answer is $1/2$. I hope it is correct.",
        _ => "Fine.",
    };
}
