using LamdAgent.Domain;
using LamdAgent.Tokenization.Patterns;

namespace LamdAgent.Tokenization.Tests;

public sealed class PatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "ab \U0001D4B3\U0001D4CE 1", "ab|\U0001D4B3\U0001D4CE")]
    [InlineData(@"\p{N}{1,3}", "12345\U0001D7D8\U0001D7D9", "123|45\U0001D7D8|\U0001D7D9")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "a\U0001F642! b", "\U0001F642!")]
    [InlineData(@"(?i:'s|'t)", "'S 'ſ 't 'x", "'S|'ſ|'t")]
    [InlineData(@"(?i)k", "kKK", "k|K|K")]
    [InlineData(@"\s+(?!\S)|\s+", "a   b  ", "  | |  ")]
    [InlineData(@"(?<=a)b", "ab cb", "b")]
    [InlineData(@"(?<!a)b", "ab cb", "b")]
    [InlineData(@"a|ab|abc", "abc", "a")]
    [InlineData(@"(?:a|ab|abc)$", "abc", "abc")]
    [InlineData(@"a+?", "aaa", "a|a|a")]
    [InlineData(@"a{2}", "aaaaa", "aa|aa")]
    [InlineData(@"a{,2}b", "aaab", "aab")]
    [InlineData(@"x{", "x{", "x{")]
    [InlineData(@"(a+)+b", "aaab", "aaab")]
    [InlineData(@"a*+a", "aaa", "")]
    [InlineData(@"a++b", "aab", "aab")]
    [InlineData(@"(?>a+)a", "aaa", "")]
    [InlineData(@"[a-c&&[^b]]+", "abcab", "a|ca")]
    [InlineData(@"[[:alpha:]]+", "ab1", "ab")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?\p{L}+", " a,b\nc", " a|,b|c")]
    [InlineData(@"[一-龥]+", "a中文b", "中文")]
    [InlineData(@"\p{Han}+", "a中文々b", "中文々")]
    [InlineData(@"\P{L}+", "a12b", "12")]
    [InlineData(@"\p{^L}+", "a12b", "12")]
    [InlineData(@".+", "ab\ncd", "ab|cd")]
    [InlineData(@"^\w+", "ab cd\nef", "ab|ef")]
    [InlineData(@"\bb", "b ab b", "b|b")]
    [InlineData(@"\x41\u0042\x{43}", "ABC", "ABC")]
    [InlineData(@"(?:)*a", "a", "a")]
    [InlineData(@"(?:a|b)*c", "ababc", "ababc")]
    [InlineData(@"(?:a?){3}b", "aab", "aab")]
    [InlineData(@"\d+", "1٣x", "1٣")]
    public void Patterns_match_by_code_points(string pattern, string text, string expected) =>
        string.Join('|', Pattern.Regex(pattern).Matches(text).Where(match => match.End > match.Start).Select(match => text[match.Start..match.End])).ShouldBe(expected);

    [Theory]
    [InlineData("(", "'(' without ')'")]
    [InlineData(")", "')' without '('")]
    [InlineData("[a", "'[' without ']'")]
    [InlineData(@"\p{Klingon}", "the property 'Klingon' is not supported")]
    [InlineData(@"(a)\1", "the escape '\\1' is not supported")]
    [InlineData(@"(?(1)a)", "is not supported")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData("a{3,1}", "end is before its start")]
    [InlineData("(?<=a+)b", "look-behind without a limit")]
    public void What_is_not_supported_is_refused_by_name(string pattern, string message) =>
        Should.Throw<InvalidInputException>(() => Pattern.Regex(pattern)).Message.ShouldContain(message);

    [Fact]
    public void A_pattern_that_backtracks_without_end_is_stopped() =>
        Should.Throw<InvalidInputException>(() => Pattern.Regex("(a+)+$x").Matches(new string('a', 60))).Message.ShouldContain("too many steps");

    [Fact]
    public void Nesting_and_repetition_cannot_exhaust_the_process()
    {
        Should.Throw<InvalidInputException>(() => Pattern.Regex(new string('(', 5000) + new string(')', 5000)));
        Should.Throw<InvalidInputException>(() => Pattern.Regex("((a{99}b){99}c){999}"));
    }
}
