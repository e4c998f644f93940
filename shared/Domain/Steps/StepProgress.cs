namespace LamdAgent.Domain.Steps;

/// <summary>How far the worker that holds the claim has come.</summary>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Text">Short, for people: <c>step 40/150, loss 1.23</c>.</param>
public sealed record StepProgress(double Fraction, string Text);
