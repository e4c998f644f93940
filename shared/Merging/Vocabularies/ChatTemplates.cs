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
            "{% set system = messages[0]['content'] + '\\n\\n' if messages[0]['role'] == 'system' else '' %}{{ bos_token }}"
            + "{% for message in (messages[1:] if system else messages) %}"
            + "{% if message['role'] != ('user' if loop.index0 % 2 == 0 else 'assistant') %}{{ raise_exception('after a system message, if any, user and assistant must take turns') }}{% endif %}"
            + "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
            + "{% else %}{{ ' [INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}{% endif %}{% endfor %}",
        ["alpaca"] =
            "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] | trim + '\\n\\n' }}"
            + "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] | trim + '\\n\\n' }}"
            + "{% else %}{{ '### Response:\\n' + message['content'] | trim + eos_token + '\\n\\n' }}{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}",
        ["exaone"] =
            "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '[|system|][|endofturn|]\\n' }}{% endif %}"
            + "{{ '[|' + message['role'] + '|]' + message['content'] }}"
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
            return folders.Select(TokenizerFiles.FindChatTemplate).OfType<string>().Select(t => t.Trim()).Where(t => t.Length > 0).GroupBy(t => t, StringComparer.Ordinal).OrderByDescending(g => g.Count()).FirstOrDefault()?.Key;
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
