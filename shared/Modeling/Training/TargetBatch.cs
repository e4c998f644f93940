using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// Sequences for the decoder and which of their tokens are predicted for a loss. Only hidden states that predict such a token go through the output layer.
/// Example: ids [5 6 7 8], targets at places 2 and 3: positions 1 2 (what predicts them), target ids 7 8.
/// </summary>
internal sealed class TargetBatch
{
    private TargetBatch(TokenBatch tokens, long[] positions, long[] targets, int[] targetsPerSequence)
    {
        Tokens = tokens;
        Positions = positions;
        Targets = targets;
        TargetsPerSequence = targetsPerSequence;
    }

    public TokenBatch Tokens { get; }

    /// <summary>Place in the batch of the token that predicts each target, [M].</summary>
    public long[] Positions { get; }

    /// <summary>Target ids, [M].</summary>
    public long[] Targets { get; }

    public int[] TargetsPerSequence { get; }

    public int TargetCount => Targets.Length;

    /// <summary>From ids and labels per sequence; label i is the target of position i - 1, the first label of a sequence counts for nothing.</summary>
    public static TargetBatch FromLabels(IReadOnlyList<(int[] Ids, int[] Labels)> sequences)
    {
        var ids = new int[sequences.Sum(s => s.Ids.Length)];
        var lengths = new int[sequences.Count];
        var perSequence = new int[sequences.Count];
        var positions = new List<long>();
        var targets = new List<long>();
        var at = 0;
        for (var s = 0; s < sequences.Count; s++)
        {
            var (rowIds, labels) = sequences[s];
            rowIds.CopyTo(ids, at);
            lengths[s] = rowIds.Length;
            for (var i = 1; i < labels.Length; i++)
            {
                if (labels[i] != Data.SftLabels.Ignored)
                {
                    positions.Add(at + i - 1);
                    targets.Add(labels[i]);
                    perSequence[s]++;
                }
            }

            at += rowIds.Length;
        }

        return new TargetBatch(TokenBatch.FromPacked(ids, lengths), [.. positions], [.. targets], perSequence);
    }

    /// <summary>From prompts and completions: every completion token is a target (the first one too when there is a prompt).</summary>
    public static TargetBatch FromCompletions(IReadOnlyList<PromptedAnswer> sequences) =>
        FromLabels([.. sequences.Select(s => ((int[])[.. s.Prompt, .. s.Answer], (int[])[.. Enumerable.Repeat(Data.SftLabels.Ignored, s.Prompt.Length), .. s.Answer]))]);

    public Tensor PositionTensor(Device device) => tensor(Positions, dtype: ScalarType.Int64, device: device);

    public Tensor TargetTensor(Device device) => tensor(Targets, dtype: ScalarType.Int64, device: device);
}
