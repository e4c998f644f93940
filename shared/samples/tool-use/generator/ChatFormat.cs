using System.Text;

namespace LamdAgent.Samples.ToolUse;

/// <summary>The sample's ChatML-like format: the Jinja template that goes into tokenizer_config.json, and the same rendering for the pre-training text.</summary>
public static class ChatFormat
{
    /// <summary>Begins a turn.</summary>
    public const string TurnStart = "<|im_start|>";

    /// <summary>Ends a turn; the model's end-of-sequence token.</summary>
    public const string TurnEnd = "<|im_end|>";

    /// <summary>Fills short rows of a batch; never part of a text.</summary>
    public const string Padding = "<|pad|>";

    /// <summary>Begins a tool call.</summary>
    public const string CallStart = "<tool_call>";

    /// <summary>Ends a tool call.</summary>
    public const string CallEnd = "</tool_call>";

    /// <summary>Tools are named with their parameters in a system turn: "Tools: get_weather(city); set_alarm(label, hour)".</summary>
    public const string Template = """
        {%- if tools %}
            {{- '<|im_start|>system\nTools: ' }}
            {%- for tool in tools %}
                {{- tool.function.name + '(' }}
                {%- for parameter in tool.function.parameters.properties %}
                    {{- parameter }}{% if not loop.last %}{{ ', ' }}{% endif %}
                {%- endfor %}
                {{- ')' }}{% if not loop.last %}{{ '; ' }}{% endif %}
            {%- endfor %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages %}
            {{- '<|im_start|>' + message.role + '\n' }}
            {%- if message.role == 'assistant' %}
                {%- generation %}
                {%- if message.content %}{{ message.content }}{% endif %}
                {%- for call in message.tool_calls or [] %}
                    {{- '<tool_call>' + (call.function | tojson) + '</tool_call>' }}
                {%- endfor %}
                {{- '<|im_end|>' }}
                {%- endgeneration %}
                {{- '\n' }}
            {%- else %}
                {{- message.content + '<|im_end|>\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """;

    /// <summary>The instruction up to the assistant's answer.</summary>
    public static string Render(Instruction instruction) => $"{TurnStart}user\n{instruction.Prompt}{TurnEnd}\n{TurnStart}assistant\n";

    /// <summary>The request with its tools up to the assistant's answer.</summary>
    public static string Render(ToolRequest request)
    {
        var tools = string.Join("; ", request.Offered.Select(t => $"{t.Name}({string.Join(", ", t.Parameters)})"));
        return $"{TurnStart}system\nTools: {tools}{TurnEnd}\n{TurnStart}user\n{request.Prompt}{TurnEnd}\n{TurnStart}assistant\n";
    }

    /// <summary>The call as the template writes it.</summary>
    public static string RenderCall(ToolRequest request)
    {
        var text = new StringBuilder($"{CallStart}{{\"name\": \"{request.Name}\", \"arguments\": {{");
        var separator = "";
        foreach (var (key, value) in request.Arguments)
        {
            text.Append(separator).Append($"\"{key}\": ").Append(value is int ? $"{value}" : $"\"{value}\"");
            separator = ", ";
        }

        return text.Append("}}").Append(CallEnd).ToString();
    }
}
