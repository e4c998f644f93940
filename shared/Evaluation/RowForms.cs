using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation;

/// <summary>
/// The rows of public data sets as they are published, brought into one form: <c>query</c> (the question as lm-evaluation-harness words it),
/// <c>target</c> (the answer as few-shot examples show it), for multiple choice <c>choices</c> and <c>gold</c>, otherwise <c>gold</c> alone. The
/// published fields stay beside them. A task file names a form with <c>row_form</c>.
/// </summary>
public static class RowForms
{
    private const string BestAnswer = "The best answer is";
    private static readonly Regex Brackets = PythonRegex.Create(@"\[.*?\]");

    private static readonly SortedDictionary<string, Func<JsonElement, Form>> Forms = new(StringComparer.Ordinal)
    {
        ["arc"] = Arc,
        ["arc_chat"] = ArcChat,
        ["commonsense_qa"] = CommonsenseQa,
        ["gsm8k"] = row => new Form($"Question: {row.RequiredText("question")}\nAnswer:", row.RequiredText("answer"), null, row.RequiredText("answer")),
        ["gsm8k_cot"] = row => new Form($"Q: {row.RequiredText("question")}\nA:", CotTarget(row), null, CotTarget(row)),
        ["hellaswag"] = HellaSwag,
        ["hendrycks_math"] = row => new Form($"Problem: {row.RequiredText("problem")}\nAnswer:", row.At("solution")?.GetString() ?? "", null, row.At("solution")?.GetString()),
        ["ifeval"] = row => new Form(row.RequiredText("prompt"), "", null, null),
        ["minerva_math"] = row => new Form($"Problem:\n{row.RequiredText("problem")}\n\nSolution:", row.At("solution")?.GetString() ?? "", null, row.At("solution")?.GetString()),
        ["triviaqa"] = row =>
            new Form($"Question: {row.RequiredText("question")}?\nAnswer:", row.RequiredTexts("answer.aliases")[0], null, JsonSerializer.SerializeToNode(row.RequiredTexts("answer.aliases"))),
    };

    /// <summary>The names of all forms.</summary>
    public static IReadOnlyCollection<string> Names => Forms.Keys;

    /// <summary>A row in the common form.</summary>
    /// <exception cref="InvalidInputException">There is no such form, or the row lacks a field.</exception>
    public static JsonElement Convert(string form, JsonElement row)
    {
        if (!Forms.TryGetValue(form, out var convert))
        {
            throw new InvalidInputException($"unknown row form '{form}'{NearestWord.Hint(form, Names)}");
        }

        var converted = convert(row);
        var result = JsonObject.Create(row)!;
        (result["query"], result["target"]) = (converted.Query, converted.Target);
        if (converted.Choices is not null)
        {
            result["choices"] = JsonSerializer.SerializeToNode(converted.Choices);
        }

        if (converted.Gold is not null)
        {
            result["gold"] = converted.Gold;
        }

        return JsonSerializer.SerializeToElement(result);
    }

    private static Form CommonsenseQa(JsonElement row)
    {
        string[] letters = ["A", "B", "C", "D", "E"];
        var texts = row.RequiredTexts("choices.text");
        if (texts.Count < letters.Length)
        {
            throw new InvalidInputException($"'choices.text' holds {texts.Count} texts, expected 5");
        }

        var lines = letters.Zip(texts, (letter, text) => $"{letter}. {text}\n");
        return new Form($"Question: {PythonText.Strip(row.RequiredText("question"))}\n{string.Concat(lines)}Answer:", row.RequiredText("answerKey"), letters, row.RequiredText("answerKey"));
    }

    private static Form Arc(JsonElement row)
    {
        var texts = row.RequiredTexts("choices.text");
        var gold = row.RequiredTexts("choices.label").ToList().IndexOf(row.RequiredText("answerKey"));
        return gold >= 0 && gold < texts.Count
            ? new Form($"Question: {row.RequiredText("question")}\nAnswer:", texts[gold], texts, gold)
            : throw new InvalidInputException("'answerKey' is not among 'choices.label'");
    }

    // The line breaks are a backslash and an n: the quoting of the harness's task file makes them so.
    private static Form ArcChat(JsonElement row)
    {
        var texts = row.RequiredTexts("choices.text");
        if (texts.Count < 3)
        {
            throw new InvalidInputException($"'choices.text' holds {texts.Count} texts, expected 3 or 4");
        }

        var options = string.Concat("ABCD".Zip(texts, (letter, text) => $@"\n{letter}. {text}"));
        var key = row.RequiredText("answerKey");
        key = key is "1" or "2" or "3" or "4" ? "ABCD"[key[0] - '1'].ToString() : key;
        return new Form(
            @"Given the following question and four candidate answers (A, B, C and D), choose the best answer.\nQuestion: " + PythonText.Strip(row.RequiredText("question")) + options
            + @"\nYour response should end with ""The best answer is [the_answer_letter]"" where the [the_answer_letter] is one of A, B, C or D. " + BestAnswer,
            key, null, key);
    }

    private static Form HellaSwag(JsonElement row)
    {
        var next = row.RequiredText("ctx_b");
        next = next.Length == 0 ? "" : char.ToUpperInvariant(next[0]) + PythonText.Lower(next[1..]);
        var choices = row.RequiredTexts("endings").Select(Clean).ToList();
        var label = row.Required("label");
        var gold = int.TryParse(label.ValueKind == JsonValueKind.String ? label.GetString() : label.GetRawText(), out var index) && index >= 0 && index < choices.Count
            ? index
            : throw new InvalidInputException("'label' is not the number of an ending");
        return new Form(Clean($"{row.RequiredText("activity_label")}: {row.RequiredText("ctx_a")} {next}"), choices[gold], choices, gold);
    }

    // Brackets are left over from WikiHow.
    private static string Clean(string text) =>
        Brackets.Replace(PythonText.Strip(text).Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace("  ", " ", StringComparison.Ordinal);

    private static string CotTarget(JsonElement row) => row.At("answer") is { ValueKind: JsonValueKind.String } answer
        ? PythonText.Strip(answer.GetString()!.Split("####")[^1])
        : row.RequiredText("target");

    private sealed record Form(string Query, string Target, IReadOnlyList<string>? Choices, JsonNode? Gold);
}
