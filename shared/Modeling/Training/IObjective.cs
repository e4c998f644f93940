namespace LamdAgent.Modeling.Training;

/// <summary>What a method computes from rows: the loop around it knows about steps, the objective about losses.</summary>
internal interface IObjective : IDisposable
{
    /// <summary>Rows to train on.</summary>
    int RowCount { get; }

    /// <summary>Optimizer steps that share what one of them generated; a run can only be left and taken up between such groups. 1 where nothing is generated.</summary>
    int StepsPerGeneration => 1;

    /// <summary>What a person should know when micro-batches are cut for want of memory, to be put behind the message; empty where the loss stays what it was.</summary>
    string CutWarning => "";

    /// <summary>Tokens that a row costs.</summary>
    int TokensOf(int row);

    /// <summary>Trainable tokens of a row.</summary>
    int ItemsOf(int row);

    /// <summary>Called once before the micro-batches of a step (and again when the step is repeated with smaller ones): reinforcement learning generates here.</summary>
    void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation);

    /// <summary>Forward and backward; gradients are added up in the model.</summary>
    MicroBatchOutcome Backward(IReadOnlyList<int> rows, MicroBatchShare share);

    /// <summary>Loss and metrics of evaluation rows, without gradients; null when there are none.</summary>
    Evaluated? Evaluate(int batchSize, CancellationToken cancellation);
}
