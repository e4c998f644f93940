using System.Text;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Evaluation;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Generation;
using LamdAgent.Modeling.Scoring;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Templates;
using LogLikelihood = LamdAgent.Evaluation.LogLikelihood;

namespace LamdAgent.Evaluator.Models;

/// <summary>
/// A model folder as the evaluation sees it. Text prompts get the special tokens that the tokenizer puts before a text; messages go through the
/// model's own chat template, whose text carries its specials itself. A prompt that does not fit the model is an error, never cut in silence.
/// </summary>
public sealed class TorchLanguageModel : ILanguageModel, IDisposable
{
    // Some decoders strip a blank from the first token they see, and special tokens have no text.
    private const int SpareTokens = 4;

    private readonly CausalLanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly Lazy<ChatTemplate> _template;
    private readonly IReadOnlyList<int> _endIds;
    private readonly Lazy<string> _digest;
    private readonly int _batchSize;

    /// <summary>Wraps a loaded model, which is disposed with this object.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Its folder, for tokenizer, template and digest.</param>
    /// <param name="batchSize">Rows computed at once; changes the speed, and greedy answers at most in the last bit of a tie.</param>
    /// <exception cref="InvalidInputException">The tokenizer is missing or does not fit.</exception>
    public TorchLanguageModel(CausalLanguageModel model, string folder, int batchSize = 32)
    {
        _model = model;
        _batchSize = batchSize;
        _tokenizer = Tokenizer.Load(folder);
        _tokenizer.EnsureFits(model.Config.VocabSize, folder);
        _template = new Lazy<ChatTemplate>(() => ChatTemplate.Load(folder));
        _endIds = [.. StopTokens.Of(folder, model.Config).Union(_tokenizer.EndIds)];
        _digest = new Lazy<string>(() => ContentDigest.Combine(ContentDigest.OfFolder(folder)));
    }

    /// <summary>Loads a folder.</summary>
    public static TorchLanguageModel Load(string folder, ModelLoading? loading = null, int batchSize = 32)
    {
        var model = CausalLanguageModel.Load(folder, loading);
        try
        {
            return new TorchLanguageModel(model, folder, batchSize);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public string Digest => _digest.Value;

    /// <inheritdoc />
    public IReadOnlyList<Generation> Generate(IReadOnlyList<GenerationRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default)
    {
        var prompts = requests.Select(request => (IReadOnlyList<int>)Encode(request.Prompt)).ToList();
        var results = new Generation[requests.Count];
        var done = 0;

        // A limit belongs to a batch, so requests with the same limit go together.
        foreach (var group in Enumerable.Range(0, requests.Count).GroupBy(i => Limit(requests[i], prompts[i].Count)).OrderBy(group => group.Key))
        {
            var indices = group.ToList();
            var settings = new GenerationSettings
            {
                MaxNewTokens = group.Key,
                StopIds = [.. _endIds],
                Ends = (row, ids) => EndsWithStopString(requests[indices[row]].Stop, ids),
                BatchSize = _batchSize,
            };
            var texts = new TextGenerator(_model).Generate([.. indices.Select(i => prompts[i])], settings, (_, _) => completed?.Report(++done), cancellation);
            for (var k = 0; k < indices.Count; k++)
            {
                var text = _tokenizer.Decode([.. texts[k].Ids], skipSpecialTokens: true);
                results[indices[k]] = new Generation(text, texts[k].Ids.Count, texts[k].Stopped);
            }
        }

        return results;
    }

    /// <inheritdoc />
    public IReadOnlyList<LogLikelihood> Score(IReadOnlyList<LogLikelihoodRequest> requests, IProgress<int>? completed = null, CancellationToken cancellation = default)
    {
        var pairs = new List<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation)>();
        var owners = new List<int>();
        for (var i = 0; i < requests.Count; i++)
        {
            foreach (var pair in ScoringWindows.Cut(Pair(requests[i]), _model.Spec.MaxPositions, fromStart: requests[i].Context.Text is { Length: 0 }))
            {
                pairs.Add(pair);
                owners.Add(i);
            }
        }

        var scores = new LogLikelihoodScorer(_model).Score(pairs, cancellation);
        var results = new LogLikelihood[requests.Count];
        for (var k = 0; k < scores.Count; k++)
        {
            var before = results[owners[k]] ?? new LogLikelihood(0, true, 0);
            results[owners[k]] = new LogLikelihood(before.Sum + scores[k].Sum, before.IsGreedy && scores[k].IsGreedy, before.TokenCount + scores[k].Tokens);
        }

        completed?.Report(requests.Count);
        return results;
    }

    /// <inheritdoc />
    public void Dispose() => _model.Dispose();

    // Only the text of the newest tokens is looked at: a stop string ends with the newest one, and has at most a token a byte.
    private bool EndsWithStopString(IReadOnlyList<string> stops, IReadOnlyList<int> ids)
    {
        if (stops.Count == 0)
        {
            return false;
        }

        var newest = stops.Max(Encoding.UTF8.GetByteCount) + SpareTokens;
        var text = _tokenizer.Decode([.. ids.Skip(ids.Count - newest)], skipSpecialTokens: true);
        return stops.Any(stop => stop.Length > 0 && text.Contains(stop, StringComparison.Ordinal));
    }

    private int[] Encode(ModelPrompt prompt) => prompt.Text is { } text
        ? _tokenizer.Encode(text, addSpecialTokens: true)
        : _tokenizer.Encode(Render(prompt), addSpecialTokens: false);

    private string Render(ModelPrompt prompt) => _template.Value.Render(prompt.Messages!.Value, prompt.Tools, addGenerationPrompt: true);

    private int Limit(GenerationRequest request, int promptTokens)
    {
        var room = _model.Spec.MaxPositions - promptTokens;
        return room > 0
            ? Math.Min(request.MaxNewTokens, room)
            : throw new InvalidInputException($"a prompt has {promptTokens} tokens; the model has {_model.Spec.MaxPositions} positions");
    }

    // Both texts together, so that tokens are as the model sees them; blanks at the end of the context belong to the continuation
    // (lm-evaluation-harness, TemplateLM._encode_pair).
    private (IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation) Pair(LogLikelihoodRequest request)
    {
        var special = request.Context.Text is not null;
        var context = request.Context.Text ?? Render(request.Context);
        var trimmed = context.TrimEnd();
        var continuation = context[trimmed.Length..] + request.Continuation;
        if (trimmed.Length == 0)
        {
            var start = _tokenizer.BosId ?? _tokenizer.EosId ?? throw new InvalidInputException("the tokenizer has neither a beginning nor an end token to score a text from");
            var ids = _tokenizer.Encode(continuation, addSpecialTokens: false);
            return ([start], ids);
        }

        var prompt = _tokenizer.Encode(trimmed, special);
        var whole = _tokenizer.Encode(trimmed + continuation, special);
        return whole.Length > prompt.Length
            ? (prompt, whole[prompt.Length..])
            : throw new InvalidInputException($"the continuation '{request.Continuation}' adds no token to its context");
    }
}
