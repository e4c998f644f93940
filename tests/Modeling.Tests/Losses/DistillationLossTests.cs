using LamdAgent.Modeling.Losses;
using TorchSharp;
using static LamdAgent.Modeling.Tests.Losses.GoldenLosses;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Losses;

public sealed class DistillationLossTests
{
    public static TheoryData<string> Cases => Names("distillation");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_and_gradient_are_those_of_trl(string name)
    {
        using var scope = NewDisposeScope();
        var c = Case("distillation", name);
        var p = c.GetProperty("params");
        var inputs = c.GetProperty("inputs");
        var expected = c.GetProperty("expected");
        var student = Shaped(inputs.GetProperty("student_logits"), grad: true);
        var labels = inputs.TryGetProperty("labels", out var l) && l.ValueKind == System.Text.Json.JsonValueKind.Array ? Shaped(l).to(ScalarType.Int64) : null;
        var loss = DistillationLoss.Reduce(
            student,
            Shaped(inputs.GetProperty("teacher_logits")),
            labels,
            Number(p, "beta", 0.5),
            Number(p, "temperature", 1),
            Word(p, "reduction", "batchmean"),
            Maybe(p, "num_items_in_batch"));
        loss.backward();
        loss.ToDouble().ShouldMatch(expected.GetProperty("loss"));
        student.grad!.ShouldMatch(expected.GetProperty("grad_student_logits"));
    }
}
