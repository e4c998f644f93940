using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Questions;

/// <summary>
/// TriviaQA as lm-evaluation-harness grades it: the stripped answer, lower-cased and without ASCII punctuation, must equal one of the aliases treated
/// the same; articles and blanks inside stay. Option: <c>target</c> (path of the aliases, default <c>aliases</c>; the data set itself has <c>answer.aliases</c>).
/// </summary>
public sealed class TriviaQaGrader : IGrader
{
    private readonly string _target;

    /// <summary>Reads the options.</summary>
    public TriviaQaGrader(ConfigMapping? options)
    {
        _target = options?.Optional("target")?.AsString() ?? "aliases";
        options?.RejectUnknownKeys();
    }

    /// <inheritdoc />
    public string Name => "triviaqa";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["exact_match"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var filtered = PythonText.Strip(JsonFields.ResponseText(response));
        var given = Normalise(filtered);
        var score = item.RequiredTexts(_target).Any(alias => Normalise(alias) == given) ? 1.0 : 0.0;
        return new Verdict(new JsonObject { ["filtered"] = filtered, ["exact_match"] = score }, new Dictionary<string, double> { ["exact_match"] = score });
    }

    // Lowered before punctuation goes, as the harness does; the order matters for no known text, but costs nothing to keep.
    private static string Normalise(string text) => PythonText.RemovePunctuation(PythonText.Lower(text));
}
