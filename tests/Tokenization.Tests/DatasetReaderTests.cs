using System.IO.Compression;
using System.Text;
using LamdAgent.Domain;
using LamdAgent.TestKit;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Tokenization.Tests;

public sealed class DatasetReaderTests : IDisposable
{
    private const string Chat = """{"messages":[{"role":"user","content":"Say hi."},{"role":"assistant","content":"Hi there!"},{"role":"user","content":"Bye"},{"role":"assistant","content":"Bye\nnow"}]}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("chatml-bpe", "Hi there!<|im_end|>|Bye\nnow<|im_end|>")]
    [InlineData("llama3-bpe", "Hi there!<|eot_id|>|Bye\nnow<|eot_id|>")]
    [InlineData("gemma-sp", "Hi there!<end_of_turn>|Bye\nnow<end_of_turn>")]
    [InlineData("llama2-sp", " Hi there! </s>| Bye\nnow </s>")]
    [InlineData("mistral-sp", " Hi there!</s>| Bye\nnow</s>")]
    [InlineData("gpt2-bpe", " Hi there!\n<|endoftext|>| Bye\nnow\n<|endoftext|>")]
    public void Conversations_train_on_the_assistants_turns_and_their_end_tokens_only(string name, string trained)
    {
        var data = Read(name, Chat);
        var tokenizer = GoldenData.Tokenizer(name);
        Trained(tokenizer, data.Rows[0]).ShouldBe(trained);
        data.Report.TrainableTokens.ShouldBe(data.Rows[0].TrainableTokens);
    }

    [Fact]
    public void Generation_blocks_say_what_trains_and_the_end_token_trains_even_if_they_leave_it_out()
    {
        var template = Templates.ChatTemplate.Parse("{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}");
        var data = Read("chatml-bpe", Chat, options: new DatasetOptions { ChatTemplate = template });
        Trained(GoldenData.Tokenizer("chatml-bpe"), data.Rows[0]).ShouldBe("Hi there!<|im_end|>|Bye\nnow<|im_end|>");
    }

    [Theory]
    [MemberData(nameof(TokenizerGoldenTests.Names), MemberType = typeof(TokenizerGoldenTests))]
    public void Prompt_and_completion_train_on_the_completion_and_the_end_token(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        if (tokenizer.EosId is null)
        {
            Should.Throw<InvalidInputException>(() => Read(name, """{"prompt":"The sky is","completion":" blue today"}""")).Message.ShouldContain("eos_token");
            return;
        }

        var row = Read(name, """{"prompt":"The sky is","completion":" blue today"}""").Rows[0];
        row.InputIds.Take(row.CompletionMask.ToList().IndexOf(1)).ShouldBe(tokenizer.Encode("The sky is", addSpecialTokens: true));
        row.InputIds[^1].ShouldBe(tokenizer.EosId.Value);
        row.CompletionMask[^1].ShouldBe((byte)1);
        tokenizer.Decode(row.InputIds, skipSpecialTokens: true).ShouldBe("The sky is blue today");
    }

    [Fact]
    public void A_token_never_crosses_from_the_prompt_into_the_answer()
    {
        // "is " + "blue": by itself the prompt ends with a space token, together they would share " blue".
        var data = Read("llama3-bpe", """{"prompt":"The sky is ","completion":"good"}""");
        var row = data.Rows[0];
        var prompt = GoldenData.Tokenizer("llama3-bpe").Encode("The sky is ", addSpecialTokens: true);
        row.InputIds.Take(prompt.Length).ShouldBe(prompt);
        row.CompletionMask.ToList().IndexOf(1).ShouldBe(prompt.Length);
        data.Report.BoundariesEncodedApart.ShouldBe(1);
    }

    [Fact]
    public void Text_trains_whole_and_ends_with_the_end_token()
    {
        var row = Read("llama2-sp", """{"text":"Once upon a time"}""").Rows[0];
        row.InputIds[0].ShouldBe(1);
        row.InputIds[^1].ShouldBe(2);
        row.CompletionMask.ShouldAllBe(value => value == 1);
    }

    [Fact]
    public void Long_text_can_be_split_without_loss()
    {
        var text = string.Join(' ', Enumerable.Range(0, 50).Select(i => $"word{i}"));
        var whole = Read("llama3-bpe", $$"""{"text":"{{text}}"}""").Rows[0].InputIds;
        var data = Read("llama3-bpe", $$"""{"text":"{{text}}"}""", options: new DatasetOptions { MaxLength = 16, Overlong = OverlongPolicy.Split });
        data.Rows.SelectMany(row => row.InputIds).ShouldBe(whole);
        data.Rows.ShouldAllBe(row => row.InputIds.Length <= 16);
        data.Report.RowsSplit.ShouldBe(1);
    }

    [Fact]
    public void Ready_rows_need_no_tokenizer()
    {
        var data = DatasetReader.ReadRows(Write("""{"input_ids":[5,6,7],"completion_mask":[0,1,1]}""", """{"input_ids":[8,9]}"""), DatasetFormat.Auto, null);
        data.Rows[0].InputIds.ShouldBe([5, 6, 7]);
        data.Rows[0].CompletionMask.ShouldBe(new byte[] { 0, 1, 1 });
        data.Rows[1].CompletionMask.ShouldBe(new byte[] { 1, 1 });
    }

    [Fact]
    public void Ready_rows_may_carry_masks_and_labels_as_trl_has_them()
    {
        var rows = Write(
            """{"input_ids":[5,6,7,8],"completion_mask":[0,1,1,1],"assistant_masks":[1,1,0,1]}""",
            """{"input_ids":[5,6,7,8],"labels":[-100,6,-100,8]}""");
        var data = DatasetReader.ReadRows(rows, DatasetFormat.Auto, null);
        data.Rows[0].CompletionMask.ShouldBe(new byte[] { 0, 1, 0, 1 });
        data.Rows[1].CompletionMask.ShouldBe(new byte[] { 0, 1, 0, 1 });
        data.Report.IgnoredKeys.ShouldBeEmpty();
        DatasetReader.ReadRows(rows, DatasetFormat.Auto, null, new DatasetOptions { CompletionOnlyLoss = false }).Rows[0].CompletionMask.ShouldBe(new byte[] { 1, 1, 0, 1 });
    }

    [Theory]
    [InlineData("chatml-bpe", """{"messages":[{"role":"user","content":"x"}]}""", "'assistant'")]
    [InlineData("chatml-bpe", """{"massages":[]}""", "'messages' is missing")]
    [InlineData("chatml-bpe", """{"messages":[]}""", "at least one")]
    [InlineData("chatml-bpe", """{"messages":[{"from":"human","value":"x"}]}""", "'from'")]
    [InlineData("chatml-bpe", """{"messages":"x"}""", "a list of messages")]
    [InlineData("chatml-bpe", """{"messages":[{"role":"user","content":[1]},{"role":"assistant","content":"x"}]}""", "chat template")]
    [InlineData("chatml-bpe", "[1]", "JSON object")]
    [InlineData("chatml-bpe", "{", "not JSON")]
    [InlineData("chatml-bpe", """{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}],"\ud800":1}""", "half a surrogate pair")]
    [InlineData("chatml-bpe", """{"messages":[{"role":"user","content":"\ud800"},{"role":"assistant","content":"y"}]}""", "half a surrogate pair")]
    [InlineData("gemma-sp", """{"messages":[{"role":"user","content":"x"},{"role":"user","content":"y"},{"role":"assistant","content":"z"}]}""", "Roles must take turns")]
    public void A_conversation_that_cannot_be_used_is_an_error_with_file_and_line(string name, string row, string message)
    {
        var path = Write(Chat, "", row);
        var error = Should.Throw<InvalidInputException>(() => DatasetReader.ReadRows(path, DatasetFormat.Messages, GoldenData.Tokenizer(name)));
        error.Message.ShouldStartWith(path + ":3: ");
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData(DatasetFormat.PromptCompletion, """{"prompt":"x","completion":""}""", "nothing would train")]
    [InlineData(DatasetFormat.PromptCompletion, """{"prompt":"x","completion":[]}""", "both texts or both lists")]
    [InlineData(DatasetFormat.PromptCompletion, """{"prompt":"<s>x","completion":"y"}""", "begins with two <s>")]
    [InlineData(DatasetFormat.Text, """{"text":"<s>x"}""", "begins with two <s>")]
    [InlineData(DatasetFormat.Text, """{"text":""}""", "nothing would train")]
    [InlineData(DatasetFormat.Text, """{"text":3}""", "'text' is a text")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,99999]}""", "no token 99999")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,2,3],"completion_mask":[1,0]}""", "for each of the 3 ids")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,2,3],"labels":[-100,2,4]}""", "the id itself or -100")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,2,3],"assistant_masks":[0,2,0]}""", "'assistant_masks' has a 0 or 1")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,2,3],"completion_mask":[0,0,0]}""", "no token of the row would train")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,2,3],"completion_mask":[1,0,0]}""", "no token of the row would train")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":[1,1,3]}""", "begins with two <s>")]
    [InlineData(DatasetFormat.Tokens, """{"input_ids":"x"}""", "list of token ids")]
    public void Any_row_that_cannot_be_used_is_an_error(DatasetFormat format, string row, string message) =>
        Should.Throw<InvalidInputException>(() => DatasetReader.ReadRows(Write(row), format, GoldenData.Tokenizer("llama2-sp"))).Message.ShouldContain(message);

    [Fact]
    public void A_turn_without_an_end_token_is_an_error()
    {
        var options = new DatasetOptions { ChatTemplate = Templates.ChatTemplate.Parse("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}") };
        Should.Throw<InvalidInputException>(() => Read("chatml-bpe", Chat, options: options)).Message.ShouldContain("does not end with a special token");
    }

    [Fact]
    public void A_template_that_writes_earlier_turns_differently_is_an_error_unless_the_last_turn_only_trains()
    {
        const string row = """{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"<think>\nhm\n</think>\n\n4"},{"role":"user","content":"3+3?"},{"role":"assistant","content":"<think>\nha\n</think>\n\n6"}]}""";
        Should.Throw<InvalidInputException>(() => Read("chatml-bpe", row)).Message.ShouldContain("assistant_turns: last");
        var last = Read("chatml-bpe", row, options: new DatasetOptions { AssistantTurns = AssistantTurns.Last });
        Trained(GoldenData.Tokenizer("chatml-bpe"), last.Rows[0]).ShouldBe("<think>\nha\n</think>\n\n6<|im_end|>");
    }

    [Fact]
    public void Rows_that_do_not_fit_are_an_error_or_dropped_and_never_cut()
    {
        var path = Write(Chat, """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""");
        var tokenizer = GoldenData.Tokenizer("llama2-sp");
        Should.Throw<InvalidInputException>(() => DatasetReader.ReadRows(path, DatasetFormat.Messages, tokenizer, new DatasetOptions { MaxLength = 20 })).Message.ShouldContain("more than 20");
        var kept = DatasetReader.ReadRows(path, DatasetFormat.Messages, tokenizer, new DatasetOptions { MaxLength = 20, Overlong = OverlongPolicy.Drop });
        kept.Rows.Count.ShouldBe(1);
        kept.Report.RowsTooLong.ShouldBe(1);
    }

    [Fact]
    public void A_check_lists_all_problems()
    {
        var path = Write("{", """{"text":""}""", """{"text":"good","source":"here"}""", """{"txt":"x"}""");
        var data = DatasetReader.ReadRows(path, DatasetFormat.Text, GoldenData.Tokenizer("llama2-sp"), new DatasetOptions { StopAtFirstProblem = false });
        data.Report.Problems.Select(problem => (problem.Line, problem.Kind)).ShouldBe([(1, DatasetProblemKind.NotJson), (2, DatasetProblemKind.TrainsNothing), (4, DatasetProblemKind.BadField)]);
        data.Report.RowsKept.ShouldBe(1);
        data.Report.IgnoredKeys["source"].ShouldBe(1);
    }

    [Fact]
    public void Gzip_gives_the_same_rows_and_digest_and_damage_is_an_error()
    {
        var plain = Write("""{"text":"one"}""", """{"text":"two"}""");
        var packed = folder["data.jsonl.gz"];
        using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Optimal))
        {
            gzip.Write(File.ReadAllBytes(plain));
        }

        var tokenizer = GoldenData.Tokenizer("gpt2-bpe");
        var (a, b) = (DatasetReader.ReadRows(plain, DatasetFormat.Auto, tokenizer), DatasetReader.ReadRows(packed, DatasetFormat.Auto, tokenizer));
        b.ContentDigest.ShouldBe(a.ContentDigest);
        b.Rows.Select(row => string.Join(' ', row.InputIds)).ShouldBe(a.Rows.Select(row => string.Join(' ', row.InputIds)));
        File.WriteAllBytes(packed, [1, 2, 3, 4]);
        Should.Throw<InvalidInputException>(() => DatasetReader.ReadRows(packed, DatasetFormat.Text, tokenizer)).Message.ShouldContain("gzip");
    }

    [Fact]
    public void Preferences_share_the_prompts_tokens_in_every_form()
    {
        var tokenizer = GoldenData.Tokenizer("chatml-bpe");
        var path = Write(
            """{"prompt":"The sky is","chosen":" blue","rejected":" green"}""",
            """{"prompt":[{"role":"user","content":"Sky?"}],"chosen":[{"role":"assistant","content":"blue"}],"rejected":[{"role":"assistant","content":"green"}]}""",
            """{"chosen":[{"role":"user","content":"Sky?"},{"role":"assistant","content":"blue"}],"rejected":[{"role":"user","content":"Sky?"},{"role":"assistant","content":"green"}]}""",
            """{"prompt_ids":[1,2],"chosen_ids":[3],"rejected_ids":[4,5]}""");
        var rows = DatasetReader.ReadPreferences(path, tokenizer).Rows;
        tokenizer.Decode(rows[0].ChosenIds, false).ShouldBe(" blue<|im_end|>");
        tokenizer.Decode(rows[1].RejectedIds, false).ShouldBe("green<|im_end|>");
        rows[2].PromptIds.ShouldBe(rows[1].PromptIds);
        rows[2].ChosenIds.ShouldBe(rows[1].ChosenIds);
        rows[3].RejectedIds.ShouldBe([4, 5]);
    }

    [Fact]
    public void Labelled_answers_and_prompts_are_read()
    {
        var tokenizer = GoldenData.Tokenizer("chatml-bpe");
        var labelled = DatasetReader.ReadLabelled(Write("""{"prompt":"a","completion":" b","label":true}""", """{"prompt":"a","completion":" c","label":false}"""), tokenizer).Rows;
        labelled.Select(row => row.Label).ShouldBe([true, false]);
        var prompts = DatasetReader.ReadPrompts(Write("""{"prompt":[{"role":"user","content":"Hi"}],"answer":"x"}""", """{"messages":[{"role":"user","content":"Hi"}]}""", """{"prompt":"raw"}"""), tokenizer).Rows;
        tokenizer.Decode(prompts[0].PromptIds, false).ShouldEndWith("<|im_start|>assistant\n");
        prompts[0].Item.GetProperty("answer").GetString().ShouldBe("x");
        prompts[1].PromptIds.ShouldBe(prompts[0].PromptIds);
        Should.Throw<InvalidInputException>(() => DatasetReader.ReadPrompts(Write("""{"messages":[{"role":"assistant","content":"Hi"}]}"""), tokenizer)).Message.ShouldContain("assistant");
    }

    [Fact]
    public void Data_for_a_model_without_a_template_say_so()
    {
        var error = Should.Throw<InvalidInputException>(() => Read("gpt2", Chat));
        error.Message.ShouldContain("no chat template");
    }

    private static string Trained(Tokenizer tokenizer, TokenRow row)
    {
        var parts = new List<string>();
        for (var i = 0; i < row.InputIds.Length; i++)
        {
            if (row.CompletionMask[i] == 1)
            {
                var start = i;
                while (i + 1 < row.InputIds.Length && row.CompletionMask[i + 1] == 1)
                {
                    i++;
                }

                // A token before keeps decoders from stripping the first space.
                var before = tokenizer.Decode(row.InputIds[..start], false);
                parts.Add(tokenizer.Decode(row.InputIds[..(i + 1)], false)[before.Length..]);
            }
        }

        return string.Join('|', parts);
    }

    private Dataset<TokenRow> Read(string name, string row, DatasetOptions? options = null) => DatasetReader.ReadRows(Write(row), DatasetFormat.Auto, GoldenData.Tokenizer(name), options);

    private string Write(params string[] rows)
    {
        var path = folder[$"{Guid.NewGuid():N}.jsonl"];
        File.WriteAllText(path, string.Join('\n', rows) + "\n", new UTF8Encoding(false));
        return path;
    }
}
