namespace LamdAgent.Modeling.Training;

/// <summary>An answer and the prompt before it, as they are trained on: cut to a length where the recipe says so.</summary>
/// <param name="Prompt">Tokens that are read only.</param>
/// <param name="Answer">Tokens that are predicted.</param>
internal readonly record struct PromptedAnswer(int[] Prompt, int[] Answer)
{
    /// <summary>Tokens in all.</summary>
    public int Length => Prompt.Length + Answer.Length;

    /// <summary>
    /// At most so many tokens of prompt and answer together, from the start or from the end, as TRL's collators cut. From the end, an answer that fills the whole length
    /// leaves its first token as the prompt: something has to stand before what is predicted.
    /// </summary>
    public PromptedAnswer CutTo(int length, string truncationMode)
    {
        if (Length <= length)
        {
            return this;
        }

        if (truncationMode == "keep_start")
        {
            return new PromptedAnswer(Prompt[..Math.Min(Prompt.Length, length)], Answer[..Math.Max(0, length - Prompt.Length)]);
        }

        return Answer.Length < length
            ? this with { Prompt = Prompt[^(length - Answer.Length)..] }
            : new PromptedAnswer([Answer[^length]], Answer[^(length - 1)..]);
    }
}
