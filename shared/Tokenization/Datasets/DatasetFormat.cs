namespace LamdAgent.Tokenization.Datasets;

/// <summary>What the rows of a data file look like. In specs and recipes the names are in snake_case (<c>prompt_completion</c>).</summary>
public enum DatasetFormat
{
    /// <summary>Told from the keys of the first row.</summary>
    Auto,

    /// <summary><c>messages</c> (role, content, tool_calls), optionally <c>tools</c> and <c>chat_template_kwargs</c>; trains on the assistant's turns.</summary>
    Messages,

    /// <summary><c>prompt</c> and <c>completion</c>, both text or both lists of messages; trains on the completion.</summary>
    PromptCompletion,

    /// <summary><c>text</c>; trains on all of it.</summary>
    Text,

    /// <summary><c>input_ids</c>, optionally <c>completion_mask</c>: ready-made rows.</summary>
    Tokens,

    /// <summary><c>prompt</c>, <c>chosen</c>, <c>rejected</c> (text or messages; the prompt may be left out of messages), or <c>prompt_ids</c>, <c>chosen_ids</c>, <c>rejected_ids</c>.</summary>
    Preference,

    /// <summary><c>prompt</c>, <c>completion</c>, <c>label</c> (KTO).</summary>
    Labelled,

    /// <summary><c>prompt</c>, <c>prompt_ids</c> or <c>messages</c>, and whatever the reward needs.</summary>
    Prompt,
}
