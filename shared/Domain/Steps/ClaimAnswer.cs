namespace LamdAgent.Domain.Steps;

/// <summary>What became of an attempt to claim a stage.</summary>
/// <param name="Outcome">Which of the cases.</param>
/// <param name="Claim">The claim, when <see cref="ClaimOutcome.Claimed"/>.</param>
/// <param name="Step">The step as it is after the attempt; null when there is none.</param>
public sealed record ClaimAnswer(ClaimOutcome Outcome, StepClaim? Claim, StepRecord? Step);
