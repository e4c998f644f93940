using LamdAgent.Domain.Recipes;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// How many optimizer steps there are and which rows each takes. By passes (<c>num_train_epochs</c>) the last batch of a pass may be short, as with transformers. By
/// <c>max_steps</c> the passes follow each other without a seam and every batch is full.
/// </summary>
internal sealed class BatchPlan
{
    private readonly RowOrder _order;
    private readonly int _rows;
    private readonly int _batch;
    private readonly int _accumulation;
    private readonly bool _endless;
    private readonly int _stepsPerGeneration;

    /// <param name="order">Order of the rows.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="settings">Batch size, accumulation, length.</param>
    /// <param name="stepsPerGeneration">Consecutive optimizer steps on the same rows.</param>
    public BatchPlan(RowOrder order, int rows, OptimizationSettings settings, int stepsPerGeneration = 1)
    {
        _stepsPerGeneration = stepsPerGeneration;
        _order = order;
        _rows = rows;
        _batch = settings.PerDeviceTrainBatchSize;
        _accumulation = settings.GradientAccumulationSteps;
        _endless = settings.MaxSteps > 0;
        var batches = (rows + _batch - 1) / _batch;
        StepsPerPass = (batches + _accumulation - 1) / _accumulation * stepsPerGeneration;
        TotalSteps = _endless ? settings.MaxSteps : (int)Math.Ceiling(settings.NumTrainEpochs * StepsPerPass);
    }

    public int StepsPerPass { get; }

    public int TotalSteps { get; }

    /// <summary>Passes over the data done after <paramref name="steps"/> steps.</summary>
    public double Epoch(int steps) => _endless ? (double)steps / _stepsPerGeneration * _batch * _accumulation / _rows : (double)steps / StepsPerPass;

    /// <summary>Rows of each micro-batch of a step, counted from 0.</summary>
    public IReadOnlyList<int[]> MicroBatches(int step)
    {
        step /= _stepsPerGeneration;
        var stepsPerPass = StepsPerPass / _stepsPerGeneration;
        var result = new List<int[]>();
        if (_endless)
        {
            var at = (long)step * _batch * _accumulation;
            for (var micro = 0; micro < _accumulation; micro++)
            {
                result.Add([.. Enumerable.Range(0, _batch).Select(i => at + ((long)micro * _batch) + i).Select(i => _order.Pass((int)(i / _rows))[(int)(i % _rows)])]);
            }

            return result;
        }

        var pass = _order.Pass(step / stepsPerPass);
        var first = step % stepsPerPass * _accumulation;
        for (var batch = first; batch < first + _accumulation && batch * _batch < _rows; batch++)
        {
            result.Add(pass[(batch * _batch)..Math.Min(_rows, (batch + 1) * _batch)]);
        }

        return result;
    }
}
