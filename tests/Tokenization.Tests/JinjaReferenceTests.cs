using System.Text.Json;
using LamdAgent.TestKit;
using LamdAgent.Tokenization.Templates;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Tests;

/// <summary>Snippets rendered by Jinja2 3.1 itself (immutable sandbox, trim_blocks, lstrip_blocks, loop controls, transformers' tojson).</summary>
public sealed class JinjaReferenceTests
{
    // Where we refuse what Jinja lets pass or refuses for another reason.
    private static readonly HashSet<string> Stricter = ["{{ ''.__class__ }}", "{{ l.__len__ }}", "{% include 'x' %}", "{% extends 'x' %}", "{% block a %}1{% endblock %}", "{% break %}"];

    [Theory]
    [InlineData("jinja2.json")]
    [InlineData("jinja2-random.json")]
    public void Snippets_render_as_jinja_renders_them(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("templates", file)));
        var variables = document.RootElement.GetProperty("variables").EnumerateObject().ToDictionary(entry => entry.Name, entry => PythonJson.FromJson(entry.Value));
        var wrong = new List<string>();
        foreach (var item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            var template = item.Text("template");
            var expected = item.GetProperty("expected");
            var wanted = expected.TryGetProperty("rendered", out var text) ? "= " + text.GetString() : "! " + expected.Text("error");
            var got = Render(template, variables);
            if (Stricter.Contains(template))
            {
                got.ShouldStartWith("! ");
            }
            else if (got != wanted)
            {
                wrong.Add(JsonSerializer.Serialize(new { template, wanted, got, expected }));
            }
        }

        wrong.ShouldBeEmpty(string.Join('\n', wrong));
    }

    private static string Render(string template, Dictionary<string, object> variables)
    {
        try
        {
            var statements = TemplateParser.Parse(template, out _);
            return "= " + new TemplateInterpreter(
                new TemplateLimits(),
                [KeyValuePair.Create<string, object>("raise_exception", new TemplateFunction("raise_exception", call => throw new ChatTemplateException(ChatTemplateError.RaisedException, PythonText.Str(call.Required("message")))))],
                variables).Render(statements);
        }
        catch (ChatTemplateException e)
        {
            return "! " + e.Kind switch
            {
                ChatTemplateError.RaisedException => "raise_exception",
                ChatTemplateError.Forbidden => "security",
                ChatTemplateError.Limit => "type",
                var kind => kind.ToString().ToLowerInvariant(),
            };
        }
    }
}
