using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Data;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>From token rows to what objectives train on: length limits, packing, and the refusal of rows that would train nothing.</summary>
internal static class TrainingRows
{
    /// <summary>Rows of documents with labels, packed if the recipe says so.</summary>
    /// <exception cref="InvalidInputException">A row is too long and must not be cut, or nothing is left to train on.</exception>
    public static List<(int[] Ids, int[] Labels)[]> Sequences(IReadOnlyList<TokenRow> rows, TrainingRecipe recipe, string file, bool pack)
    {
        var data = recipe.Data;
        var documents = new List<(int[] Ids, int[] Labels)>();
        var dropped = 0;
        foreach (var row in rows)
        {
            var (ids, mask) = (row.InputIds, row.CompletionMask);

            // Packing strategies that split keep long documents whole here; plain text may always be cut.
            var splits = data.Packing && data.PackingStrategy != "bfd";
            if (ids.Length > data.MaxLength && !splits)
            {
                if (recipe.Method != TrainingMethod.Cpt && data.OverlongRows != "truncate" && CutsTarget(mask, data))
                {
                    if (data.OverlongRows == "drop")
                    {
                        dropped++;
                        continue;
                    }

                    throw new InvalidInputException(
                        file, row.Line, $"the row has {ids.Length} tokens, more than max_length {data.MaxLength}, and its answer would be cut; raise max_length or set overlong_rows: drop (or truncate)");
                }

                (ids, mask) = data.TruncationMode == "keep_start" ? (ids[..data.MaxLength], mask[..data.MaxLength]) : (ids[^data.MaxLength..], mask[^data.MaxLength..]);
            }

            var labels = SftLabels.Of(ids, mask, []);
            if (labels.Skip(1).Any(l => l != SftLabels.Ignored))
            {
                documents.Add((ids, labels));
            }
        }

        if (documents.Count == 0)
        {
            throw new InvalidInputException(file, null, dropped > 0
                ? $"no trainable tokens: all {dropped} rows are longer than max_length {data.MaxLength}"
                : "no trainable tokens: every row's completion mask is empty");
        }

        return pack && data.Packing ? Pack(documents, data) : [.. documents.Select(d => new[] { d })];
    }

    private static bool CutsTarget(byte[] mask, DataSettings data) =>
        (data.TruncationMode == "keep_start" ? mask.Skip(data.MaxLength) : mask.Take(mask.Length - data.MaxLength)).Any(m => m != 0);

    private static List<(int[] Ids, int[] Labels)[]> Pack(List<(int[] Ids, int[] Labels)> documents, DataSettings data)
    {
        var packed = new List<(int[], int[])[]>();
        for (var start = 0; start < documents.Count; start += SequencePacker.DocumentsPerBatch)
        {
            var part = documents.GetRange(start, Math.Min(SequencePacker.DocumentsPerBatch, documents.Count - start));
            foreach (var sequence in SequencePacker.Pack([.. part.Select(d => d.Ids.Length)], data.MaxLength, data.PackingStrategy))
            {
                var pieces = sequence.Pieces
                    .Select(p => (Ids: part[p.Document].Ids[p.Start..(p.Start + p.Length)], Labels: part[p.Document].Labels[p.Start..(p.Start + p.Length)]))
                    .ToArray();

                // In wrapped sequences attention runs across documents, as in TRL: to the model such a sequence is one document.
                packed.Add(data.PackingStrategy == "wrapped" ? [([.. pieces.SelectMany(p => p.Ids)], [.. pieces.SelectMany(p => p.Labels)])] : pieces);
            }
        }

        return packed;
    }

    /// <summary>Pairs whose prompt and answers fit, or were cut to fit.</summary>
    public static List<TrainingPair> Preferences(IEnumerable<PreferenceTokenRow> rows, TrainingRecipe recipe, string file)
    {
        var kept = new List<TrainingPair>();
        foreach (var row in rows)
        {
            var (chosen, rejected) = (new PromptedAnswer(row.PromptIds, row.ChosenIds), new PromptedAnswer(row.PromptIds, row.RejectedIds));
            if (Fits(chosen.Length >= rejected.Length ? chosen : rejected, row.ChosenIds.Length > 0 && row.RejectedIds.Length > 0, recipe, file, row.Line))
            {
                kept.Add(new TrainingPair(
                    chosen.CutTo(recipe.Data.MaxLength, recipe.Data.TruncationMode), rejected.CutTo(recipe.Data.MaxLength, recipe.Data.TruncationMode), row.Margin));
            }
        }

        return kept.Count > 0 ? kept : throw new InvalidInputException(file, null, "no rows are left to train on");
    }

    /// <summary>Labelled answers that fit or may be cut; whole, because the divergence estimate pairs answers with other prompts first and cuts then.</summary>
    public static List<LabelledTokenRow> Labelled(IEnumerable<LabelledTokenRow> rows, TrainingRecipe recipe, string file)
    {
        List<LabelledTokenRow> kept =
            [.. rows.Where(row => Fits(new PromptedAnswer(row.PromptIds, row.CompletionIds), row.CompletionIds.Length > 0, recipe, file, row.Line))];
        return kept.Count > 0 ? kept : throw new InvalidInputException(file, null, "no rows are left to train on");
    }

    // Whether the row is kept; false: it is dropped.
    private static bool Fits(PromptedAnswer longest, bool hasAnswers, TrainingRecipe recipe, string file, int line)
    {
        if (longest.Prompt.Length == 0)
        {
            throw new InvalidInputException(file, line, "the prompt is empty; the first token of an answer needs something before it");
        }

        if (!hasAnswers)
        {
            throw new InvalidInputException(file, line, "no trainable tokens: an answer is empty");
        }

        // From the end, a long prompt loses its beginning and the answer stays whole, as long as one token of the prompt is left.
        var cutsAnswer = recipe.Data.TruncationMode == "keep_start" ? longest.Length > recipe.Data.MaxLength : longest.Answer.Length >= recipe.Data.MaxLength;
        return !cutsAnswer || recipe.Data.OverlongRows switch
        {
            "drop" => false,
            "truncate" => recipe.Data.TruncationMode == "keep_end" || longest.Prompt.Length < recipe.Data.MaxLength,
            _ => throw new InvalidInputException(
                file, line, $"prompt and answer have {longest.Length} tokens, more than max_length {recipe.Data.MaxLength}, and the answer would be cut; raise max_length or set overlong_rows: drop (or truncate)"),
        };
    }
}
