namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>A token of LaTeX mathematics.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text.</param>
internal readonly record struct LatexToken(LatexToken.Kinds Kind, string Text)
{
    internal enum Kinds
    {
        End,
        Digit,
        Letter,
        Symbol,
        Command,
        Differential,
        Sign,
        Bad,
    }
}
