using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Data;
using LamdAgent.Modeling.Generation;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Distillation over the trained tokens of each row. With GKD a share of the micro-batches (<c>lmbda</c>, drawn by seed and step) trains on answers that the student
/// itself gives to the rows' prompts.
/// </summary>
internal sealed class DistillationObjective(
    DistillationSettings settings,
    Policy policy,
    ReferenceModel teacher,
    IReadOnlyList<(int[] Ids, int[] Labels)[]> rows,
    IReadOnlyList<(int[] Ids, int[] Labels)[]> evaluationRows,
    IReadOnlyList<int> stopIds,
    int seed) : IObjective
{
    private readonly Dictionary<int, (int[] Ids, int[] Labels)> _own = [];
    private int _generatedFor = -1;

    public int RowCount => rows.Count;

    public int TokensOf(int row) => rows[row].Sum(d => d.Ids.Length);

    public int ItemsOf(int row) => Documents(row).Sum(d => d.Labels.Skip(1).Count(l => l != SftLabels.Ignored));

    public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
    {
        if (settings.Lmbda == 0 || step == _generatedFor)
        {
            return;
        }

        _own.Clear();
        var chosen = new List<int>();
        for (var micro = 0; micro < microBatches.Count; micro++)
        {
            var draw = (SeededShuffle.Mix(SeededShuffle.Mix((ulong)seed, (ulong)step), (ulong)micro) >> 11) * (1.0 / (1UL << 53));
            chosen.AddRange(draw < settings.Lmbda ? microBatches[micro] : []);
        }

        var distinct = chosen.Distinct().ToList();
        var prompts = distinct.ConvertAll(r => (IReadOnlyList<int>)PromptOf(rows[r][0]));
        var generation = new GenerationSettings
        {
            MaxNewTokens = settings.MaxNewTokens,
            StopIds = [.. stopIds],
            Temperature = 1,
            Seed = (long)(SeededShuffle.Mix((ulong)seed, (ulong)step) >> 1),
        };
        var texts = prompts.Count == 0 ? [] : new TextGenerator(policy.Model).Generate(prompts, generation, null, cancellation);
        for (var i = 0; i < distinct.Count; i++)
        {
            int[] ids = [.. prompts[i], .. texts[i].Ids];
            _own[distinct[i]] = (ids, [.. Enumerable.Repeat(SftLabels.Ignored, prompts[i].Count), .. texts[i].Ids]);
        }

        _generatedFor = step;
    }

    public MicroBatchOutcome Backward(IReadOnlyList<int> chosen, MicroBatchShare share)
    {
        using var scope = NewDisposeScope();
        var batch = TargetBatch.FromLabels([.. chosen.SelectMany(Documents)]);
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal) { ["on_policy_share"] = chosen.Count(_own.ContainsKey) / (double)chosen.Count };
        var loss = batch.TargetCount == 0 ? 0 : Run(batch, share.StepItems, backward: true);
        return new MicroBatchOutcome(loss, batch.Tokens.Count, metrics, chosen.Count);
    }

    public Evaluated? Evaluate(int batchSize, CancellationToken cancellation)
    {
        if (evaluationRows.Count == 0)
        {
            return null;
        }

        using var none = no_grad();
        double loss = 0;
        long items = 0;
        foreach (var part in evaluationRows.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = TargetBatch.FromLabels([.. part.SelectMany(d => d)]);
            loss += batch.TargetCount == 0 ? 0 : Run(batch, 1, backward: false);
            items += batch.TargetCount;
        }

        return new Evaluated(new Dictionary<string, double>(StringComparer.Ordinal) { ["eval_loss"] = loss / Math.Max(1, items) });
    }

    public void Dispose() => teacher.Dispose();

    private double Run(TargetBatch batch, double items, bool backward)
    {
        HeadPass teacherPass;
        using (no_grad())
        {
            teacherPass = teacher.Pass(batch, settings.Temperature);
        }

        var pass = policy.Pass(batch, settings.Temperature);
        return pass.DistributionLoss(
            (logits, start, count) =>
            {
                Tensor teacherLogits;
                using (no_grad())
                {
                    teacherLogits = teacherPass.Logits(start, count);
                }

                // Both passes have divided by the temperature already.
                return DistillationLoss.Elementwise(logits, teacherLogits, settings.Beta, 1).sum() / items;
            },
            backward);
    }

    private IEnumerable<(int[] Ids, int[] Labels)> Documents(int row) => _own.TryGetValue(row, out var own) ? [own] : rows[row];

    // Everything before the first trained token.
    private static int[] PromptOf((int[] Ids, int[] Labels) document)
    {
        var first = Enumerable.Range(1, document.Labels.Length - 1).First(i => document.Labels[i] != SftLabels.Ignored);
        return document.Ids[..first];
    }
}
