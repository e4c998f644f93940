using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Grading.Checks;
using LamdAgent.Evaluation.Grading.Exact;
using LamdAgent.Evaluation.Grading.Instructions;
using LamdAgent.Evaluation.Grading.Language;
using LamdAgent.Evaluation.Grading.Mathematics;
using LamdAgent.Evaluation.Grading.MultipleChoice;
using LamdAgent.Evaluation.Grading.Overlap;
using LamdAgent.Evaluation.Grading.Questions;
using LamdAgent.Evaluation.Grading.ToolCalls;

namespace LamdAgent.Evaluation;

/// <summary>The list of graders. A new one is a class and a line here.</summary>
public static class GraderCatalogue
{
    private static readonly SortedDictionary<string, Func<ConfigMapping?, IGrader>> Graders = new(StringComparer.Ordinal)
    {
        ["exact_match"] = options => new ExactMatchGrader(options),
        ["gsm8k"] = options => new Gsm8kGrader(options),
        ["hendrycks_math"] = options => NoOptions(options, new HendrycksMathGrader()),
        ["ifeval"] = options => NoOptions(options, new IfEvalGrader()),
        ["minerva_math"] = options => NoOptions(options, new MinervaMathGrader()),
        ["multiple_choice"] = options => new MultipleChoiceGrader(options),
        ["multiple_choice_aggregate"] = options => NoOptions(options, new MultipleChoiceAggregateCheck()),
        ["perplexity"] = options => new PerplexityGrader(options),
        ["prompts"] = options => NoOptions(options, new PromptCheck()),
        ["squad"] = options => new SquadGrader(options),
        ["squad_v2_aggregate"] = options => NoOptions(options, new SquadV2AggregateCheck()),
        ["standard_errors"] = options => NoOptions(options, new StandardErrorCheck()),
        ["stop_strings"] = options => NoOptions(options, new StopStringCheck()),
        ["text_overlap"] = options => new TextOverlapGrader(options),
        ["tool_calls_ace"] = options => NoOptions(options, new AceGrader()),
        ["tool_calls_bfcl"] = options => NoOptions(options, new BfclGrader()),
        ["tool_calls_json"] = options => new ToolCallsJsonGrader(options),
        ["triviaqa"] = options => new TriviaQaGrader(options),
    };

    /// <summary>All names in alphabetical order.</summary>
    public static IReadOnlyCollection<string> Names => Graders.Keys;

    /// <summary>Whether there is a grader of this name; a dash may stand for an underscore.</summary>
    public static bool Knows(string name) => Graders.ContainsKey(name.Replace('-', '_'));

    /// <summary>Makes a grader.</summary>
    /// <param name="name">Its name; a dash may stand for an underscore.</param>
    /// <param name="options">Its options, or null for the defaults.</param>
    /// <exception cref="InvalidInputException">There is no such grader, or an option is wrong.</exception>
    public static IGrader Create(string name, ConfigMapping? options = null)
    {
        if (!Graders.TryGetValue(name.Replace('-', '_'), out var create))
        {
            throw new InvalidInputException(Unknown(name));
        }

        return create(options);
    }

    /// <summary>What to say of a name that is none.</summary>
    internal static string Unknown(string name) => $"unknown grader '{name}'{NearestWord.Hint(name, Names)}";

    /// <summary>A grader without options must not be given any.</summary>
    internal static T NoOptions<T>(ConfigMapping? options, T grader)
        where T : IGrader
    {
        options?.RejectUnknownKeys();
        return grader;
    }
}
