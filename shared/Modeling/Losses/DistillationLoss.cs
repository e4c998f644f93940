using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Generalised Jensen-Shannon divergence between student and teacher (GKD, arXiv 2306.13649), as TRL's <c>GKDTrainer.generalized_jsd_loss</c>. beta 0 is the forward
/// KL and beta 1 the reverse KL; the mixture formula tends to 0 there, so the family is not continuous. No temperature-squared factor.
/// </summary>
public static class DistillationLoss
{
    /// <summary>The divergence at every position and vocabulary entry, <c>[N, V]</c>; the caller sums and divides.</summary>
    /// <param name="studentLogits"><c>[N, V]</c>.</param>
    /// <param name="teacherLogits"><c>[N, V]</c>.</param>
    /// <param name="beta">0 to 1.</param>
    /// <param name="temperature">Divides both.</param>
    public static Tensor Elementwise(Tensor studentLogits, Tensor teacherLogits, double beta, double temperature)
    {
        var student = F.log_softmax(studentLogits / temperature, -1);
        var teacher = F.log_softmax(teacherLogits / temperature, -1);
        if (beta == 0)
        {
            return teacher.exp() * (teacher - student);
        }

        if (beta == 1)
        {
            return student.exp() * (student - teacher);
        }

        var mixture = logaddexp(student + Math.Log(1 - beta), teacher + Math.Log(beta));
        return (beta * teacher.exp() * (teacher - mixture)) + ((1 - beta) * student.exp() * (student - mixture));
    }

    /// <summary>The divergence reduced as TRL's function does.</summary>
    /// <param name="studentLogits"><c>[B, T, V]</c>.</param>
    /// <param name="teacherLogits"><c>[B, T, V]</c>.</param>
    /// <param name="labels"><c>[B, T]</c>, already shifted, -100 left out; null: every position counts.</param>
    /// <param name="beta">0 to 1.</param>
    /// <param name="temperature">Divides both.</param>
    /// <param name="reduction"><c>batchmean</c>: by kept positions (without labels: by B); <c>mean</c>: by kept positions times V; <c>sum</c>.</param>
    /// <param name="numItemsInBatch">When given: sum divided by it, whatever the reduction.</param>
    public static Tensor Reduce(
        Tensor studentLogits, Tensor teacherLogits, Tensor? labels, double beta, double temperature, string reduction, double? numItemsInBatch)
    {
        var divergence = Elementwise(studentLogits, teacherLogits, beta, temperature);
        if (labels is not null)
        {
            divergence = divergence[labels.ne(-100)];
        }

        if (numItemsInBatch is { } items)
        {
            return divergence.sum() / items;
        }

        return reduction switch
        {
            "sum" => divergence.sum(),
            "mean" => divergence.mean(),
            "batchmean" => divergence.sum() / divergence.shape[0],
            _ => throw new ArgumentException($"unknown reduction '{reduction}'", nameof(reduction)),
        };
    }
}
