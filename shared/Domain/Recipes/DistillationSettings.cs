namespace LamdAgent.Domain.Recipes;

/// <summary>Distillation from a teacher; names and defaults of TRL's <c>GKDConfig</c> and <c>DistillationConfig</c>.</summary>
public sealed record DistillationSettings
{
    /// <summary>Folder of the teacher, key <c>teacher_model</c>.</summary>
    public string? TeacherModel { get; init; }

    /// <summary>0: forward KL, 1: reverse KL, between: generalised Jensen-Shannon. Default 0.5 for gkd, 1 for distillation (TRL).</summary>
    public double Beta { get; init; } = 0.5;

    /// <summary>Divides both models' logits in the loss. Default 1 (TRL's GKD trainer uses its 0.9 for generation only).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Share of micro-batches that train on the student's own answers. Default 0.5 for gkd; 0 for distillation.</summary>
    public double Lmbda { get; init; }

    /// <summary>Longest answer of the student in tokens. Default 128.</summary>
    public int MaxNewTokens { get; init; } = 128;

    internal static DistillationSettings Read(RecipeReader r, TrainingMethod method)
    {
        var gkd = method == TrainingMethod.Gkd;
        return new DistillationSettings
        {
            TeacherModel = r.Text("teacher_model") ?? r.Text("teacher_model_name_or_path"),
            Beta = r.Double("beta", gkd ? 0.5 : 1, 0, 1),
            Temperature = r.Double("temperature", 1, 1e-4, 100),
            Lmbda = r.Double("lmbda", gkd ? 0.5 : 0, 0, 1),
            MaxNewTokens = r.Int("max_new_tokens", 128, 1, 1 << 20),
        };
    }
}
