using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Datasets;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Tokenization.Tests;

public sealed class ChatTemplateGoldenTests
{
    public static TheoryData<string> Names => [.. GoldenData.Small, "gemma3", "qwen3", "llama3"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Chats_render_and_encode_as_the_reference(string name)
    {
        var tokenizer = GoldenData.Tokenizer(name);
        var template = ChatTemplate.Load(GoldenData.Folder(name));
        var wrong = new List<string>();
        foreach (var chat in GoldenData.Expected(name).GetProperty("chats").EnumerateArray())
        {
            var request = Request(chat);
            var what = $"{chat.Text("name")} (generation prompt: {request.AddGenerationPrompt})";
            if (chat.TryGetProperty("error", out var error))
            {
                var failure = Should.Throw<InvalidInputException>(() => template.Render(request), what).InnerException.ShouldBeOfType<ChatTemplateException>();
                var kind = failure.Kind switch { ChatTemplateError.RaisedException => "raise_exception", ChatTemplateError.Undefined => "undefined", ChatTemplateError.Type => "type", var other => other.ToString() };
                if (kind != error.Text("kind") || (kind == "raise_exception" && failure.Message != error.Text("message")))
                {
                    wrong.Add($"{what}: expected {error}, got {failure.Kind} {failure.Message}");
                }

                continue;
            }

            var rendered = template.Render(request);
            if (rendered != chat.Text("rendered"))
            {
                wrong.Add($"{what}: expected {JsonSerializer.Serialize(chat.Text("rendered"))}, got {JsonSerializer.Serialize(rendered)}");
            }
            else if (!tokenizer.Encode(rendered, addSpecialTokens: false).SequenceEqual(chat.Ids("ids")))
            {
                wrong.Add($"{what}: other ids");
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_final_message_can_be_continued_as_in_the_reference(string name)
    {
        if (!GoldenData.Expected(name).TryGetProperty("continue_final_message", out var cases))
        {
            GoldenData.Published.ShouldContain(name);
            return;
        }

        var template = ChatTemplate.Load(GoldenData.Folder(name));
        foreach (var item in cases.EnumerateArray())
        {
            template.RenderContinuing(Request(item)).ShouldBe(item.Text("rendered"), item.Text("name"));
        }
    }

    [Fact]
    public void Generation_blocks_give_the_reference_masks()
    {
        var tokenizer = GoldenData.Tokenizer("chatml-bpe");
        var template = ChatTemplate.Parse(File.ReadAllText(Path.Combine(GoldenData.Folder("chatml-bpe"), "chat_template_generation.jinja")), tokenizer.SpecialTokens);
        template.MarksGeneration(withTools: false).ShouldBeTrue();
        foreach (var item in GoldenData.Expected("chatml-bpe").GetProperty("assistant_masks").EnumerateArray())
        {
            var rendered = template.RenderMarked(Request(item));
            rendered.Text.ShouldBe(item.Text("rendered"));
            var (ids, mask, apart) = TokenSequence.Encode(tokenizer, rendered.Text, rendered.Generated);
            ids.ShouldBe(item.Ids("ids"));
            mask.Select(value => (int)value).ShouldBe(item.Ids("mask"));
            apart.ShouldBeFalse();
        }
    }

    private static ChatRequest Request(JsonElement chat) => new(chat.GetProperty("messages"))
    {
        Tools = chat.TryGetProperty("tools", out var tools) && tools.ValueKind != JsonValueKind.Null ? tools : null,
        AddGenerationPrompt = chat.TryGetProperty("add_generation_prompt", out var prompt) && prompt.GetBoolean(),
        Variables = chat.TryGetProperty("variables", out var variables) ? variables.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value) : new Dictionary<string, JsonElement>(),
    };
}
