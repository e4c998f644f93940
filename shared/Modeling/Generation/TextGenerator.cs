using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Generation;

/// <summary>
/// Continues prompts, many at once: a batch reads its prompts in one pass, then adds a token a row in each step with the keys and values of earlier ones kept. Rows that are
/// done leave the batch. What a greedy row gives does not depend on the rows beside it, up to the rounding of sums.
/// </summary>
public sealed class TextGenerator(CausalLanguageModel model)
{
    /// <summary>Continuations of prompts, in their order.</summary>
    /// <param name="prompts">Token ids; none empty.</param>
    /// <param name="settings">How to choose and when to end.</param>
    /// <param name="onDone">Told of every row that ends: its index and text.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <exception cref="InvalidInputException">A prompt is empty, has unknown ids, or is longer than the model's positions.</exception>
    public IReadOnlyList<GeneratedText> Generate(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        GenerationSettings settings,
        Action<int, GeneratedText>? onDone = null,
        CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < prompts.Count; i++)
        {
            Check(prompts[i], i);
        }

        var results = new GeneratedText[prompts.Count];
        if (settings.MaxNewTokens < 1)
        {
            Array.Fill(results, new GeneratedText([], false));
            return results;
        }

        // Prompts of about the same length go together: fewer unused columns.
        foreach (var batch in Enumerable.Range(0, prompts.Count).OrderByDescending(i => prompts[i].Count).Chunk(Math.Max(1, settings.BatchSize)))
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            var rows = Array.ConvertAll(batch, i => new Row(i, prompts[i], settings, Limit(prompts[i], settings)));
            Run(rows, settings, cancellationToken, row =>
            {
                results[row.Index] = new GeneratedText(row.NewIds, row.Stopped);
                onDone?.Invoke(row.Index, results[row.Index]);
            });
        }

        return results;
    }

    private void Run(Row[] rows, GenerationSettings settings, CancellationToken cancellationToken, Action<Row> done)
    {
        var stops = settings.StopIds.ToHashSet();
        var weights = model.Parameters.Bind();
        while (rows.Length > 0)
        {
            rows = RunFrom(rows, weights, stops, settings, cancellationToken, done);
        }
    }

    // Reads what rows have so far and goes on from there; gives back the rows whose text has to be read again.
    private Row[] RunFrom(Row[] rows, Tensor[] weights, HashSet<int> stops, GenerationSettings settings, CancellationToken cancellationToken, Action<Row> done)
    {
        var texts = Array.ConvertAll(rows, r => r.Text);
        var lengths = Array.ConvertAll(texts, t => t.Length);
        using var cache = new KeyValueCache(model.Spec, lengths, lengths.Max() + rows.Max(r => r.Limit - r.NewIds.Count), model.Dtype, model.Device);
        var batch = TokenBatch.FromRows(texts);
        var (input, positions, textLengths) = (batch.IdArray, batch.Positions(), batch.TextLengths());
        long[]? last = [.. Enumerable.Range(0, rows.Length).Select(i => lengths.Take(i + 1).Sum() - 1L)];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (NewDisposeScope())
            {
                var hidden = model.Decoder.Hidden(input, new ForwardPass
                {
                    Weights = weights,
                    Attention = cache,
                    Positions = positions,
                    TextLengths = textLengths,
                    Device = model.Device,
                    Adapters = model.Adapters?.Begin(null),
                    Fused = model.Fused,
                });
                if (last is not null)
                {
                    hidden = hidden.index_select(0, tensor(last, ScalarType.Int64, model.Device));
                }

                Choose(rows, model.Head(weights).Logits(hidden), settings);
            }

            if (last is not null)
            {
                last = null;
                cache.EndPrefill();
            }

            rows = Leave(rows, cache, row => stops.Contains(row.NewIds[^1]) || settings.Ends?.Invoke(row.Index, row.NewIds) == true, done);
            var next = cache.NextPositions;
            if (rows.Length == 0 || rows.Index().Any(r => !r.Item.Done && next[r.Index] == model.Spec.RereadBeyond))
            {
                return [.. rows.Where(r => !r.Done)];
            }

            // The token that each row has just got goes in next; its place is where the columns end. Rows that are done only fill their place.
            positions = [.. rows.Select((row, i) => row.Done ? 0 : next[i])];
            textLengths = Array.ConvertAll(positions, p => p + 1);
            cache.Advance();
            input = Array.ConvertAll(rows, r => r.NewIds[^1]);
        }
    }

    private static void Choose(Row[] rows, Tensor logits, GenerationSettings settings)
    {
        if (settings.Temperature <= 0)
        {
            var ids = logits.argmax(-1).cpu().data<long>();
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i].Add((int)ids[i]);
            }

            return;
        }

        var values = logits.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        var vocabulary = (int)logits.size(1);
        Parallel.For(0, rows.Length, i =>
        {
            if (!rows[i].Done)
            {
                rows[i].Add(rows[i].Sampler.Draw(values.AsSpan(i * vocabulary, vocabulary)));
            }
        });
    }

    // Rows that are done stay in the batch until half of it is done: leaving costs a copy of the cache.
    private static Row[] Leave(Row[] rows, KeyValueCache cache, Func<Row, bool> ends, Action<Row> done)
    {
        foreach (var row in rows.Where(r => !r.Done))
        {
            row.Stopped = ends(row);
            row.Done = row.Stopped || row.NewIds.Count >= row.Limit;
            if (row.Done)
            {
                done(row);
            }
        }

        int[] going = [.. Enumerable.Range(0, rows.Length).Where(i => !rows[i].Done)];
        if (going.Length == 0 || going.Length > rows.Length / 2)
        {
            return going.Length == 0 ? [] : rows;
        }

        cache.Keep(going);
        return Array.ConvertAll(going, i => rows[i]);
    }

    private int Limit(IReadOnlyList<int> prompt, GenerationSettings settings) =>
        model.Spec.Rope is null ? Math.Min(settings.MaxNewTokens, model.Spec.MaxPositions - prompt.Count + 1) : settings.MaxNewTokens;

    private void Check(IReadOnlyList<int> prompt, int index)
    {
        if (prompt.Count == 0)
        {
            throw new InvalidInputException($"prompt {index} is empty; a model needs at least one token to go on from");
        }

        if (model.Spec.Rope is null && prompt.Count > model.Spec.MaxPositions)
        {
            throw new InvalidInputException($"prompt {index} has {prompt.Count} tokens, the model has {model.Spec.MaxPositions} positions");
        }

        model.CheckIds(prompt);
    }

    private sealed class Row(int index, IReadOnlyList<int> prompt, GenerationSettings settings, int limit)
    {
        public int Index => index;

        // Prompt and what was added.
        public int[] Text => [.. prompt, .. NewIds];

        public int Limit => limit;

        public List<int> NewIds { get; } = [];

        public TokenSampler Sampler { get; } = new(settings, unchecked((settings.Seed * 1_000_003) + index));

        public void Add(int id)
        {
            if (!Done)
            {
                NewIds.Add(id);
            }
        }

        public bool Stopped { get; set; }

        public bool Done { get; set; }
    }
}
