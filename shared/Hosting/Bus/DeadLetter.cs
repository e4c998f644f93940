namespace LamdAgent.Hosting.Bus;

/// <summary>A message that could not be dealt with and rests until a person looks at it.</summary>
/// <param name="Queue">The queue it was for.</param>
/// <param name="MessageId">Its id; null when it came without one.</param>
/// <param name="MessageType">Name of the contract (<c>TrainModel</c>); null when it cannot be read.</param>
/// <param name="SearchId">The search it is about; null when it cannot be read.</param>
/// <param name="StepId">The step it is about; null when it is about none.</param>
/// <param name="FailedAt">When it was put aside; null: unknown.</param>
/// <param name="ExceptionType">What the handler threw; null when the broker put it aside.</param>
/// <param name="Reason">The exception's message, or why the broker put it aside.</param>
/// <param name="Deliveries">How often a handler had it; null: unknown.</param>
public sealed record DeadLetter(
    string Queue,
    string? MessageId,
    string? MessageType,
    string? SearchId,
    string? StepId,
    DateTimeOffset? FailedAt,
    string? ExceptionType,
    string? Reason,
    int? Deliveries);
