using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Exact;

/// <summary>
/// The whole answer must be the expected text, or one of several. White space at both ends never counts; everything else does unless an option says so.
/// Options: <c>target</c> (path of the expected text or list of texts in the row, default <c>answer</c>), <c>ignore_case</c>,
/// <c>ignore_punctuation</c> (ASCII), <c>collapse_whitespace</c> (all default false).
/// </summary>
public sealed class ExactMatchGrader : IGrader
{
    private const string ExactMatch = "exact_match";
    private readonly string _target = "answer";
    private readonly bool _ignoreCase;
    private readonly bool _ignorePunctuation;
    private readonly bool _collapseWhitespace;

    /// <summary>Reads the options.</summary>
    public ExactMatchGrader(ConfigMapping? options)
    {
        if (options is not null)
        {
            _target = options.Optional("target")?.AsString() ?? _target;
            _ignoreCase = options.Optional("ignore_case")?.AsBool() ?? false;
            _ignorePunctuation = options.Optional("ignore_punctuation")?.AsBool() ?? false;
            _collapseWhitespace = options.Optional("collapse_whitespace")?.AsBool() ?? false;
            options.RejectUnknownKeys();
        }
    }

    /// <inheritdoc />
    public string Name => ExactMatch;

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = [ExactMatch];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var given = Normalise(JsonFields.ResponseText(response));
        var right = false;
        foreach (var target in item.RequiredTexts(_target))
        {
            var expected = Normalise(target);
            if (expected.Length == 0)
            {
                throw new InvalidInputException($"'{_target}' has nothing to compare with: an empty answer would be right");
            }

            right |= given == expected;
        }

        var score = right ? 1 : 0;
        return new Verdict(new JsonObject { [ExactMatch] = score }, new Dictionary<string, double> { [ExactMatch] = score });
    }

    private string Normalise(string text)
    {
        text = _ignorePunctuation ? PythonText.RemovePunctuation(text) : text;
        text = _ignoreCase ? PythonText.Lower(text) : text;
        return _collapseWhitespace ? string.Join(' ', PythonText.Split(text)) : PythonText.Strip(text);
    }
}
