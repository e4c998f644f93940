using System.Reflection;
using System.Text;

namespace LamdAgent.Planner.Agent;

/// <summary>The agent's prompts: text files beside this class, built into the program. <see cref="Version"/> is kept with every call.</summary>
public static class PromptLibrary
{
    /// <summary>Raised with every change of a prompt file or of what fills it.</summary>
    public const string Version = "1";

    /// <summary>A prompt with its <c>{{fields}}</c> filled in one pass: what a value contains is never looked at again.</summary>
    /// <exception cref="InvalidOperationException">The prompt has a field without a value.</exception>
    public static string Fill(string name, IReadOnlyDictionary<string, string> values)
    {
        var template = Load(name);
        var text = new StringBuilder();
        for (var at = 0; ;)
        {
            var open = template.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0)
            {
                return text.Append(template, at, template.Length - at).ToString();
            }

            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            var field = template[(open + 2)..close];
            text.Append(template, at, open - at);
            text.Append(values.TryGetValue(field, out var value) ? value : throw new InvalidOperationException($"prompt {name} has the field {field}, for which there is no value"));
            at = close + 2;
        }
    }

    /// <summary>A prompt as it stands in its file.</summary>
    public static string Load(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"LamdAgent.Planner.Agent.Prompts.{name}.txt")
            ?? throw new InvalidOperationException($"there is no prompt {name}");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().TrimEnd();
    }
}
