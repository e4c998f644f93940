using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>Turns the rows of one file into tokens and checks each of them.</summary>
internal sealed class RowEncoder(Tokenizer? given, DatasetOptions options)
{
    private readonly Lazy<ConversationEncoder> conversations = new(() => new ConversationEncoder(given ?? throw Missing(), options));

    private Tokenizer Tokenizer => given ?? throw Missing();

    public int BoundariesEncodedApart { get; private set; }

    public int RowsTooLong { get; private set; }

    public int RowsSplit { get; private set; }

    public int ReadyRowsWithoutEnd { get; private set; }

    public int IdenticalAnswers { get; private set; }

    /// <summary>Tokens that end turns but at which generation does not stop.</summary>
    public SortedSet<string> EndsUnknownToGeneration { get; } = new(StringComparer.Ordinal);

    /// <summary>Rows for cpt and sft: one, none (too long, dropped), or several (text that was split).</summary>
    public IReadOnlyList<TokenRow> Sequences(DatasetFormat format, JsonElement row, int line)
    {
        var fields = new RowFields(row);
        var (ids, mask) = format switch
        {
            DatasetFormat.Messages => Conversation(fields),
            DatasetFormat.PromptCompletion => PromptCompletion(fields),
            DatasetFormat.Text => PlainText(fields),
            _ => Ready(fields),
        };
        CheckBeginning(ids);
        var sequence = new TokenRow(ids, mask, line);
        if (sequence.TrainableTokens == 0)
        {
            throw new RowProblemException(DatasetProblemKind.TrainsNothing, "no token of the row would train (the answer is empty, or its mask is)");
        }

        if (options.MaxLength is not { } limit || ids.Length <= limit)
        {
            return [sequence];
        }

        if (options.Overlong == OverlongPolicy.Split && format == DatasetFormat.Text)
        {
            RowsSplit++;
            return [.. ids.Chunk(limit).Where(static part => part.Length > 1).Select(part => new TokenRow(part, [.. Enumerable.Repeat((byte)1, part.Length)], line))];
        }

        TooLong(ids.Length);
        return [];
    }

    public IReadOnlyList<PreferenceTokenRow> Preferences(JsonElement row, int line)
    {
        var fields = new RowFields(row);
        int[] prompt, chosen, rejected;
        if (fields.Has("chosen_ids"))
        {
            (prompt, chosen, rejected) = (Known(fields.Ids("prompt_ids")), Known(fields.Ids("chosen_ids")), Known(fields.Ids("rejected_ids")));
        }
        else
        {
            var (better, worse) = (fields.Required("chosen"), fields.Required("rejected"));
            var (question, betterRest, worseRest) = fields.Has("prompt")
                ? (fields.Required("prompt"), better, worse)
                : SharedPrompt(fields.Messages("chosen"), fields.Messages("rejected"));
            (prompt, chosen) = Pair(fields, question, betterRest, "chosen");
            (var again, rejected) = Pair(fields, question, worseRest, "rejected");
            if (!prompt.AsSpan().SequenceEqual(again))
            {
                throw new RowProblemException(DatasetProblemKind.TurnsNotFound, "the prompt has other tokens with one answer than with the other");
            }
        }

        CheckBeginning(prompt);
        if (chosen.AsSpan().SequenceEqual(rejected))
        {
            IdenticalAnswers++;
        }

        return Answers(prompt, chosen, rejected) ? [new PreferenceTokenRow(prompt, chosen, rejected, line, fields.Number("margin"))] : [];
    }

    public IReadOnlyList<LabelledTokenRow> Labelled(JsonElement row, int line)
    {
        var fields = new RowFields(row);
        var label = fields.Bool("label");
        var (prompt, completion) = fields.Has("completion_ids")
            ? (Known(fields.Ids("prompt_ids")), Known(fields.Ids("completion_ids")))
            : Pair(fields, fields.Required("prompt"), fields.Required("completion"), "completion");
        CheckBeginning(prompt);
        return Answers(prompt, completion) ? [new LabelledTokenRow(prompt, completion, label, line)] : [];
    }

    public IReadOnlyList<PromptRow> Prompts(JsonElement row, int line)
    {
        var fields = new RowFields(row);
        int[] prompt;
        if (fields.Has("prompt_ids"))
        {
            prompt = Known(fields.Ids("prompt_ids"));
        }
        else if (fields.Has("prompt") && fields.Required("prompt").ValueKind == JsonValueKind.String)
        {
            prompt = [.. Tokenizer.LeadingIds, .. Tokenizer.Encode(fields.Text("prompt"), addSpecialTokens: false)];
        }
        else
        {
            var messages = fields.Messages(fields.Has("prompt") ? "prompt" : "messages");
            if (messages[messages.GetArrayLength() - 1].GetProperty("role").GetString() == "assistant")
            {
                throw RowFields.Bad("a prompt does not end with the assistant's message");
            }

            var request = ConversationEncoder.Request(fields, messages) with { AddGenerationPrompt = true };
            prompt = Tokenizer.Encode(conversations.Value.Render(request), addSpecialTokens: false);
        }

        CheckBeginning(prompt);
        return Answers(prompt) ? [new PromptRow(prompt, row, line)] : [];
    }

    private (int[] Ids, byte[] Mask) Conversation(RowFields fields)
    {
        var (text, trained) = conversations.Value.Write(ConversationEncoder.Request(fields, fields.Messages("messages")));
        var (ids, mask) = Encode(text, trained);
        if (options.AssistantOnlyLoss)
        {
            CloseTurns(ids, mask);
        }

        return ([.. ids], [.. mask]);
    }

    private (int[] Ids, byte[] Mask) PromptCompletion(RowFields fields)
    {
        var (prompt, completion) = (fields.Required("prompt"), fields.Required("completion"));
        if (!AreTexts(prompt, completion, "completion"))
        {
            var (written, range) = conversations.Value.Write(ConversationEncoder.Request(fields, fields.Messages("prompt")), fields.Messages("completion"));
            var (turnIds, turnMask) = Encode(written, range);
            CloseTurns(turnIds, turnMask);
            return ([.. turnIds], [.. turnMask]);
        }

        var (question, answer) = (fields.Text("prompt"), fields.Text("completion"));
        CheckAnswer(answer);
        var text = question + WithEnd(answer);
        var (ids, mask) = Encode(text, [(options.CompletionOnlyLoss ? question.Length : 0, text.Length)]);
        return ([.. Tokenizer.LeadingIds, .. ids], [.. Tokenizer.LeadingIds.Select(static _ => (byte)0), .. mask]);
    }

    private (int[] Ids, byte[] Mask) PlainText(RowFields fields)
    {
        var text = fields.Text("text");
        if (text.Length == 0)
        {
            throw new RowProblemException(DatasetProblemKind.TrainsNothing, "'text' is empty, so nothing would train");
        }

        List<int> ids = [.. Tokenizer.LeadingIds, .. Tokenizer.Encode(text, addSpecialTokens: false), .. Tokenizer.TrailingIds];
        if (Tokenizer.EosId is { } eos && ids[^1] != eos)
        {
            ids.Add(eos);
        }

        return ([.. ids], [.. Enumerable.Repeat((byte)1, ids.Count)]);
    }

    private (int[] Ids, byte[] Mask) Ready(RowFields fields)
    {
        var ids = Known(fields.Ids("input_ids"));
        var (mask, masked) = ReadyMask.Of(fields, ids, options.CompletionOnlyLoss);
        var last = Array.LastIndexOf(mask, (byte)1);
        if (given is not null && last >= 0 && masked && !IsEnd(ids[last]))
        {
            ReadyRowsWithoutEnd++;
        }

        return (ids, mask);
    }

    private (int[] Prompt, int[] Answer) Pair(RowFields fields, JsonElement prompt, JsonElement answer, string key)
    {
        List<int> ids;
        List<byte> mask;
        if (AreTexts(prompt, answer, key))
        {
            var (question, reply) = (RowFields.TextOf(prompt, "prompt"), RowFields.TextOf(answer, key));
            CheckAnswer(reply);
            (ids, mask) = Encode(question + WithEnd(reply), [(question.Length, question.Length + WithEnd(reply).Length)]);
            ids.InsertRange(0, Tokenizer.LeadingIds);
            mask.InsertRange(0, Tokenizer.LeadingIds.Select(static _ => (byte)0));
        }
        else
        {
            var (text, trained) = conversations.Value.Write(ConversationEncoder.Request(fields, prompt), answer);
            (ids, mask) = Encode(text, trained);
            CloseTurns(ids, mask);
        }

        var start = mask.IndexOf(1);
        return start >= 0
            ? ([.. ids[..start]], [.. ids[start..(mask.LastIndexOf(1) + 1)]])
            : throw new RowProblemException(DatasetProblemKind.TrainsNothing, $"'{key}' has no tokens");
    }

    // Messages that both conversations begin with are the prompt.
    private static (JsonElement Prompt, JsonElement Chosen, JsonElement Rejected) SharedPrompt(JsonElement chosen, JsonElement rejected)
    {
        var (a, b) = (chosen.EnumerateArray().ToList(), rejected.EnumerateArray().ToList());
        var shared = 0;
        while (shared < Math.Min(a.Count, b.Count) - 1 && JsonElement.DeepEquals(a[shared], b[shared]))
        {
            shared++;
        }

        return shared > 0
            ? (JsonSerializer.SerializeToElement(a.Take(shared)), JsonSerializer.SerializeToElement(a.Skip(shared)), JsonSerializer.SerializeToElement(b.Skip(shared)))
            : throw RowFields.Bad("'prompt' is missing, and 'chosen' and 'rejected' do not begin with the same messages");
    }

    private static bool AreTexts(JsonElement prompt, JsonElement answer, string key)
    {
        if (prompt.ValueKind == JsonValueKind.String && answer.ValueKind == JsonValueKind.String)
        {
            return true;
        }

        return prompt.ValueKind == JsonValueKind.Array && answer.ValueKind == JsonValueKind.Array
            ? false
            : throw RowFields.Bad($"'prompt' and '{key}' are both texts or both lists of messages");
    }

    private static void CheckAnswer(string answer)
    {
        if (answer.Length == 0)
        {
            throw new RowProblemException(DatasetProblemKind.TrainsNothing, "the answer is empty, so nothing would train");
        }
    }

    private string WithEnd(string answer)
    {
        var end = Tokenizer.SpecialTokens.GetValueOrDefault("eos_token");
        if (Tokenizer.EosId is null || end is null)
        {
            throw new RowProblemException(DatasetProblemKind.NoEndToken, "the tokenizer has no eos_token to end the answer with: set it in tokenizer_config.json");
        }

        return answer.EndsWith(end, StringComparison.Ordinal) ? answer : answer + end;
    }

    private (List<int> Ids, List<byte> Mask) Encode(string text, IReadOnlyList<(int Start, int End)> trained)
    {
        var (ids, mask, apart) = TokenSequence.Encode(Tokenizer, text, trained);
        BoundariesEncodedApart += apart ? 1 : 0;
        return (ids, mask);
    }

    // The end token of each turn trains, and white space after it does not: generation stops at the token.
    private void CloseTurns(List<int> ids, List<byte> mask)
    {
        for (var i = 0; i < mask.Count; i++)
        {
            if (mask[i] == 0 || (i + 1 < mask.Count && mask[i + 1] == 1))
            {
                continue;
            }

            var end = i;
            while (end >= 0 && mask[end] == 1 && !IsEnd(ids[end]) && string.IsNullOrWhiteSpace(Tokenizer.Decode([ids[end]], skipSpecialTokens: false)))
            {
                end--;
            }

            if (end >= 0 && mask[end] == 1 && IsEnd(ids[end]))
            {
                Clear(mask, end + 1, i);
            }
            else if (i + 1 < ids.Count && IsEnd(ids[i + 1]))
            {
                end = i + 1;
                mask[end] = 1;
            }
            else
            {
                throw new RowProblemException(
                    DatasetProblemKind.NoEndToken, "an assistant's turn does not end with a special token, so a model trained on it would not stop: let the chat template end turns with one");
            }

            if (Tokenizer.EndIds.Count > 0 && !Tokenizer.EndIds.Contains(ids[end]))
            {
                EndsUnknownToGeneration.Add(Tokenizer.IdToToken(ids[end])!);
            }

            i = Math.Max(i, end);
        }
    }

    private static void Clear(List<byte> mask, int first, int last)
    {
        for (var k = first; k <= last; k++)
        {
            mask[k] = 0;
        }
    }

    private static InvalidInputException Missing() => new("the model has no tokenizer, and only rows of ready-made token ids can do without one");

    private bool IsEnd(int id) => Tokenizer.EndIds.Contains(id) || Tokenizer.IsSpecial(id);

    private int[] Known(int[] ids)
    {
        foreach (var id in ids)
        {
            if (id < 0 || (given is not null && given.IdToToken(id) is null))
            {
                throw new RowProblemException(DatasetProblemKind.UnknownToken, $"the tokenizer has no token {id}{(given is null ? "" : $" (its largest is {given.MaxTokenId})")}");
            }
        }

        return ids;
    }

    private void CheckBeginning(int[] ids)
    {
        if (given?.BosId is { } bos && ids.Length > 1 && ids[0] == bos && ids[1] == bos)
        {
            throw new RowProblemException(
                DatasetProblemKind.DoubledBos, $"the row begins with two {Tokenizer.SpecialTokens["bos_token"]}: the tokenizer adds one, so the text must not have its own");
        }
    }

    private bool Answers(int[] prompt, params int[][] answers)
    {
        if (prompt.Length == 0)
        {
            throw RowFields.Bad("the prompt has no tokens");
        }

        if (answers.Any(static answer => answer.Length == 0))
        {
            throw new RowProblemException(DatasetProblemKind.TrainsNothing, "an answer has no tokens");
        }

        var length = prompt.Length + answers.Select(static answer => answer.Length).DefaultIfEmpty(0).Max();
        if (options.MaxLength is not { } limit || length <= limit)
        {
            return true;
        }

        TooLong(length);
        return false;
    }

    private void TooLong(int length)
    {
        RowsTooLong++;
        if (options.Overlong != OverlongPolicy.Drop)
        {
            throw new RowProblemException(
                DatasetProblemKind.TooLong, $"the row has {length} tokens, more than {options.MaxLength}; answers are never cut: allow more, or let such rows be dropped");
        }
    }
}
