namespace LamdAgent.Domain.Actions;

/// <summary>Which kind of worker an action needs.</summary>
public enum ActionKind
{
    /// <summary>A training: one model, datasets, hyper-parameters -> a new model.</summary>
    Train,

    /// <summary>A merge: two or more models, perhaps a base, hyper-parameters -> a new model.</summary>
    Merge,

    /// <summary>No new model: an existing model is scored (starting models on validation, finalists on test).</summary>
    Evaluate,
}
