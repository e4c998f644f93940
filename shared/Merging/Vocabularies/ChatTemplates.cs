using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>The chat template of a merge: one of the usual ones by name, the commonest among the models (<c>auto</c>), or Jinja text.</summary>
internal static class ChatTemplates
{
    private static readonly Dictionary<string, string> BuiltIn = new(StringComparer.Ordinal)
    {
        ["chatml"] =
            "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
        ["llama3"] =
            "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
        ["mistral"] =
            "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
            + "{% else %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endif %}{% endfor %}",
        ["alpaca"] =
            "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}"
            + "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}"
            + "{% else %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}",
        ["exaone"] =
            "{% for message in messages %}{{ '[|' + message['role'] + '|]' + message['content'] }}"
            + "{% if message['role'] == 'user' %}{{ '\\n' }}{% else %}{{ '[|endofturn|]\\n' }}{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}",
    };

    /// <summary>The template that a setting means; null when <c>auto</c> finds none.</summary>
    /// <param name="setting">As written.</param>
    /// <param name="folders">The models' folders in order.</param>
    /// <exception cref="InvalidInputException">It is neither a name nor a template.</exception>
    public static string? Resolve(string setting, IEnumerable<string> folders)
    {
        if (setting == "auto")
        {
            return folders.Select(TokenizerFiles.FindChatTemplate).OfType<string>().GroupBy(t => t, StringComparer.Ordinal).OrderByDescending(g => g.Count()).FirstOrDefault()?.Key;
        }

        if (BuiltIn.TryGetValue(setting, out var known))
        {
            return known;
        }

        return setting.Contains("{{", StringComparison.Ordinal) || setting.Contains("{%", StringComparison.Ordinal)
            ? setting
            : throw new InvalidInputException($"chat_template: '{setting}' is no template{NearestWord.Hint(setting, BuiltIn.Keys.Append("auto"))}");
    }
}
