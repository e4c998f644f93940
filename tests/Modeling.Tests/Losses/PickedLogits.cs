using System.Text.Json;
using LamdAgent.Modeling.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

/// <summary>The logits that predict completion tokens: position i predicts token i + 1, and only positions whose target is a completion token are taken.</summary>
internal sealed class PickedLogits
{
    private readonly Tensor _positions;
    private readonly int[] _lengths;

    public PickedLogits(JsonElement inputIds, JsonElement mask, Func<int, bool>? counts = null)
    {
        counts ??= m => m == 1;
        var positions = new List<long>();
        var targets = new List<long>();
        var rows = inputIds.GetArrayLength();
        var length = inputIds[0].GetArrayLength();
        _lengths = new int[rows];
        for (var r = 0; r < rows; r++)
        {
            for (var t = 1; t < length; t++)
            {
                if (counts(mask[r][t].GetInt32()))
                {
                    positions.Add((r * length) + t - 1);
                    targets.Add(inputIds[r][t].GetInt64());
                    _lengths[r]++;
                }
            }
        }

        _positions = tensor(positions.ToArray(), dtype: ScalarType.Int64);
        Targets = tensor(targets.ToArray(), dtype: ScalarType.Int64);
    }

    public Tensor Targets { get; }

    public Tensor Rows(Tensor logits) => logits.reshape(-1, logits.shape[^1]).index_select(0, _positions);

    public Tensor Logps(Tensor logits) => TokenLoss.LogProbabilities(Rows(logits), Targets);

    public (CompletionLayout Chosen, CompletionLayout Rejected) Halves() =>
        (new(_lengths[..(_lengths.Length / 2)], ScalarType.Float64), new(_lengths[(_lengths.Length / 2)..], ScalarType.Float64));
}
