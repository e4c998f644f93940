using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.Checks;

/// <summary>
/// Checks the exact prompts of public benchmarks: <c>{"task", "doc", "fewshot_docs"}</c> to the context, the continuations or the settings of the
/// generation, and the gold. No response is needed.
/// </summary>
public sealed class PromptCheck : IGrader
{
    private static readonly Dictionary<string, (string Form, string? Generation)> Tasks = new(StringComparer.Ordinal)
    {
        ["arc_challenge"] = ("arc", null),
        ["arc_challenge_chat"] = ("arc_chat", """{"max_gen_toks":100,"until":["\n\n","."]}"""),
        ["arc_easy"] = ("arc", null),
        ["commonsense_qa"] = ("commonsense_qa", null),
        ["gsm8k"] = ("gsm8k", """{"until":["Question:","</s>","<|im_end|>"],"do_sample":false,"temperature":0.0}"""),
        ["gsm8k_cot"] = ("gsm8k_cot", """{"do_sample":false,"until":["Q:","</s>","<|im_end|>"]}"""),
        ["hellaswag"] = ("hellaswag", null),
        ["triviaqa"] = ("triviaqa", """{"until":["\n",".",","],"do_sample":false,"temperature":0.0}"""),
    };

    /// <inheritdoc />
    public string Name => "prompts";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics => [];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var name = item.RequiredText("task");
        if (!Tasks.TryGetValue(name, out var task))
        {
            throw new InvalidInputException($"unknown task '{name}'{NearestWord.Hint(name, Tasks.Keys)}");
        }

        var row = RowForms.Convert(task.Form, item.Required("doc"));
        var shots = item.RequiredList("fewshot_docs").Select(doc => RowForms.Convert(task.Form, doc)).ToList();
        var fields = new JsonObject { ["context"] = PromptForm.Common.Render(row, shots).Text };
        if (task.Generation is not null)
        {
            fields["generation"] = JsonNode.Parse(task.Generation);
        }
        else
        {
            fields["continuations"] = new JsonArray([.. row.RequiredTexts("choices").Select(choice => (JsonNode)(PromptForm.Common.TargetDelimiter + choice))]);
        }

        fields["gold"] = JsonNode.Parse(row.Required("gold").GetRawText());
        return Verdict.Only(fields);
    }
}
