using System.Text;
using System.Text.Json;
using LamdAgent.TestKit;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Tests;

public sealed class UnicodeNormalizerTests
{
    [Fact]
    public void Normal_forms_are_those_of_unicode()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("unicode", "normalization.json")));
        NormalizationForm[] forms = [NormalizationForm.FormC, NormalizationForm.FormD, NormalizationForm.FormKC, NormalizationForm.FormKD];
        foreach (var item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            for (var i = 0; i < forms.Length; i++)
            {
                UnicodeNormalizer.Normalize(item[0].GetString()!, forms[i]).ShouldBe(item[i + 1].GetString(), $"{forms[i]} of {item[0].GetRawText()}");
            }
        }
    }

    [Fact]
    public void The_framework_does_not_normalize_here_which_is_why_we_do() =>
        "cafe\u0301".Normalize(NormalizationForm.FormC).ShouldBe("cafe\u0301");
}
