using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Which of M completion tokens, laid one after the other, belong to which of R answers. All losses over answers take log-probabilities in this ragged form
/// <c>[M]</c>, so no padding is ever computed. Sums over answers are products with a membership matrix <c>[R, M]</c>: one operation, in a fixed order.
/// </summary>
/// <example>Answers of 2, 0 and 1 tokens: <c>x = [a, b, c]</c>, <c>Sum(x) = [a + b, 0, c]</c>, <c>Spread([u, v, w]) = [u, u, w]</c>.</example>
public sealed class CompletionLayout
{
    private readonly Tensor _membership;

    /// <summary>Describes answers by their token counts.</summary>
    /// <param name="lengths">Tokens of each answer.</param>
    /// <param name="dtype">Type of the log-probabilities.</param>
    /// <param name="device">Where they are.</param>
    public CompletionLayout(IReadOnlyList<int> lengths, ScalarType dtype, Device? device = null)
    {
        Lengths = lengths;
        var total = lengths.Sum();
        var rows = new long[total];
        for (int r = 0, at = 0; r < lengths.Count; r++)
        {
            for (var i = 0; i < lengths[r]; i++, at++)
            {
                rows[at] = r;
            }
        }

        Rows = tensor(rows, dtype: ScalarType.Int64, device: device);
        var answers = arange(lengths.Count, dtype: ScalarType.Int64, device: device);
        _membership = answers.unsqueeze(1).eq(Rows.unsqueeze(0)).to(dtype);
        Counts = tensor(lengths.Select(l => (double)l).ToArray(), dtype: dtype, device: device);
    }

    /// <summary>Tokens of each answer, <c>R</c> numbers.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>The answer of each token, <c>[M]</c>.</summary>
    public Tensor Rows { get; }

    /// <summary>Tokens of each answer as a tensor, <c>[R]</c>.</summary>
    public Tensor Counts { get; }

    /// <summary>Number of answers, R.</summary>
    public int Count => Lengths.Count;

    /// <summary>Sum over each answer's tokens: <c>[M]</c> to <c>[R]</c>.</summary>
    public Tensor Sum(Tensor tokens) => _membership.matmul(tokens);

    /// <summary>Mean over each answer's tokens, 0 for an answer without any: <c>[M]</c> to <c>[R]</c>.</summary>
    public Tensor Mean(Tensor tokens) => Sum(tokens) / Counts.clamp(min: 1);

    /// <summary>Each answer's number at each of its tokens: <c>[R]</c> to <c>[M]</c>.</summary>
    public Tensor Spread(Tensor answers) => answers.index_select(0, Rows);

    /// <summary>0-based place of each token within its answer, <c>[M]</c>.</summary>
    public Tensor Places()
    {
        var places = Lengths.SelectMany(l => Enumerable.Range(0, l).Select(i => (long)i)).ToArray();
        return tensor(places, dtype: ScalarType.Int64, device: Rows.device);
    }
}
