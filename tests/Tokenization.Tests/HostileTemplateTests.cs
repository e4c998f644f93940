using LamdAgent.Domain;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Tokenization.Tests;

/// <summary>Templates come with downloaded models: none may hang, fill the memory or reach outside (CVE-2024-34359 and its like).</summary>
public sealed class HostileTemplateTests
{
    private static readonly TemplateLimits Small = new(Steps: 200_000, OutputLength: 100_000);

    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% for i in range(99999) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}")]
    [InlineData("{{ 'x' * 999999999 }}")]
    [InlineData("{{ 999999999999 * 'x' }}")]
    [InlineData("{{ [0] * 999999999 }}")]
    [InlineData("{{ range(999999999) }}")]
    [InlineData("{{ 9 ** (9 ** 9) }}")]
    [InlineData("{{ 10 ** 100000 }}")]
    [InlineData("{{ '%999999999d' % 1 }}")]
    [InlineData("{{ '%.999999999f' % 1 }}")]
    [InlineData("{{ '{:999999999}'.format(1) }}")]
    [InlineData("{{ 'x'.ljust(999999999) }}")]
    [InlineData("{{ 'x'.center(999999999) }}")]
    [InlineData("{{ '1'.zfill(999999999) }}")]
    [InlineData("{{ 'x' | center(999999999) }}")]
    [InlineData("{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x.replace('a', 'aaaaaaaa') %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}")]
    public void Endless_work_and_output_are_stopped(string template)
    {
        var failure = Should.Throw<InvalidInputException>(() => ChatTemplate.Parse(template, null, Small).Render(ChatRequest.Of(("user", "x"))));
        failure.InnerException.ShouldBeOfType<ChatTemplateException>().Kind.ShouldBe(ChatTemplateError.Limit);
    }

    [Theory]
    [InlineData("{{ ''.__class__.__mro__[1].__subclasses__() }}")]
    [InlineData("{{ messages.__class__ }}")]
    [InlineData("{{ messages['__class__'] }}")]
    [InlineData("{{ messages | attr('__class__') }}")]
    [InlineData("{{ (1)|attr('__class__') }}")]
    [InlineData("{{ raise_exception.__globals__ }}")]
    [InlineData("{{ namespace.__init__.__globals__ }}")]
    [InlineData("{{ loop.__init__ if false else range.__self__ }}")]
    [InlineData("{{ '{0.__class__}'.format(messages) }}")]
    [InlineData("{{ '{x.y}'.format(x=messages) }}")]
    [InlineData("{{ '{0[0]}'.format(messages) }}")]
    [InlineData("{{ messages.append(1) }}")]
    [InlineData("{{ messages[0].update({'role': 'system'}) }}")]
    [InlineData("{{ messages[0].clear() }}")]
    [InlineData("{{ messages.sort() }}")]
    [InlineData("{{ 'x'.format_map({}) }}")]
    public void Inner_attributes_and_changing_methods_are_forbidden(string template)
    {
        var failure = Should.Throw<InvalidInputException>(() => ChatTemplate.Parse(template).Render(ChatRequest.Of(("user", "x"))));
        failure.InnerException.ShouldBeOfType<ChatTemplateException>().Kind.ShouldBe(ChatTemplateError.Forbidden);
    }

    [Theory]
    [InlineData("{{ messages.GetType() }}")]
    [InlineData("{{ messages[0].content.GetType() }}")]
    [InlineData("{{ System.IO.File.ReadAllText('/etc/passwd') }}")]
    [InlineData("{{ messages[0].content.Length() }}")]
    [InlineData("{{ cycler.__init__.__globals__.os.popen('id').read() }}")]
    [InlineData("{{ self.__init__ }}")]
    [InlineData("{{ lipsum.__globals__ }}")]
    public void No_member_of_the_host_can_be_reached(string template) =>
        Should.Throw<InvalidInputException>(() => ChatTemplate.Parse(template).Render(ChatRequest.Of(("user", "x"))))
            .InnerException.ShouldBeOfType<ChatTemplateException>().Kind.ShouldBeOneOf(ChatTemplateError.Undefined, ChatTemplateError.Forbidden);

    [Theory]
    [InlineData("include 'x'")]
    [InlineData("import 'x' as y")]
    [InlineData("extends 'x'")]
    [InlineData("from 'x' import y")]
    public void Other_files_cannot_be_read(string block) =>
        Should.Throw<InvalidInputException>(() => ChatTemplate.Parse("{% " + block + " %}").Render(ChatRequest.Of(("user", "x")))).Message.ShouldContain("is not supported");

    [Fact]
    public void Deeply_nested_sources_are_refused()
    {
        foreach (var template in new[]
        {
            "{{ " + new string('(', 20_000) + "1" + new string(')', 20_000) + " }}",
            "{{ " + new string('[', 20_000) + new string(']', 20_000) + " }}",
            "{{ " + string.Concat(Enumerable.Repeat("-", 20_000)) + "1 }}",
            "{{ " + string.Concat(Enumerable.Repeat("not ", 20_000)) + "1 }}",
            string.Concat(Enumerable.Repeat("{% if 1 %}", 5_000)) + string.Concat(Enumerable.Repeat("{% endif %}", 5_000)),
            "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 50_000)) + " }}",
            "{{ x" + string.Concat(Enumerable.Repeat(".a", 50_000)) + " }}",
            "{{ 1" + string.Concat(Enumerable.Repeat("|string", 50_000)) + " }}",
            "{{ 1" + string.Concat(Enumerable.Repeat(" if 1 else 1", 20_000)) + " }}",
        })
        {
            try
            {
                ChatTemplate.Parse(template).Render(ChatRequest.Of(("user", "x")));
            }
            catch (InvalidInputException e)
            {
                e.InnerException.ShouldBeOfType<ChatTemplateException>();
            }
        }
    }

    [Fact]
    public void Content_is_never_read_as_template()
    {
        var text = ChatTemplate.Parse("{{ messages[0].content }}").Render(ChatRequest.Of(("user", "{{ 1 + 1 }}{% raw %}")));
        text.ShouldBe("{{ 1 + 1 }}{% raw %}");
    }
}
