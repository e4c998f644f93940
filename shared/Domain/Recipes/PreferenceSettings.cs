using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>Losses over preferences (dpo, cpo, simpo, orpo, kto, reward); names and defaults of TRL's <c>DPOConfig</c>, <c>CPOConfig</c>, <c>ORPOConfig</c>, <c>KTOConfig</c>, <c>RewardConfig</c>.</summary>
public sealed record PreferenceSettings
{
    /// <summary>Strength of the pull towards the reference (dpo, kto), scale of the log-ratios (cpo, simpo) or weight of the odds ratio (orpo). Default 0.1; simpo 2 (its paper).</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>One loss or a list that is summed. dpo: sigmoid (default) and TRL's others; cpo: sigmoid (default), hinge, ipo, simpo; kto: kto (default), apo_zero_unpaired.</summary>
    public IReadOnlyList<string> LossType { get; init; } = ["sigmoid"];

    /// <summary>Weights of the losses in <see cref="LossType"/>. Default 1 each.</summary>
    public IReadOnlyList<double>? LossWeights { get; init; }

    /// <summary>Assumed share of wrong labels, for the losses that use it (dpo's <c>sigmoid</c> does not, as in TRL). Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>reverse_kl (default), forward_kl, js_divergence or alpha_divergence.</summary>
    public string FDivergenceType { get; init; } = "reverse_kl";

    /// <summary>Alpha of alpha_divergence. Default 0.5.</summary>
    public double FAlphaDivergenceCoef { get; init; } = 0.5;

    /// <summary>Temperature of discopop. Default 0.05.</summary>
    public double DiscopopTau { get; init; } = 0.05;

    /// <summary>LD-DPO: weight of the tokens beyond the shorter answer, 0 to 1. Default none (1).</summary>
    public double? LdAlpha { get; init; }

    /// <summary>WPO weighting by the policy's own probability. Default false.</summary>
    public bool UseWeighting { get; init; }

    /// <summary>Computes the reference's log-probabilities once before training instead of holding the reference beside the policy. Default false.</summary>
    public bool PrecomputeRefLogProbs { get; init; }

    /// <summary>Weight of the chosen answer's likelihood in cpo. Default 1 (simpo: 0).</summary>
    public double CpoAlpha { get; init; } = 1;

    /// <summary>Target margin of simpo. Default 0.5.</summary>
    public double SimpoGamma { get; init; } = 0.5;

    /// <summary>AlphaPO's reward shape, key <c>alpha</c>; 0 (default) is plain SimPO.</summary>
    public double Alpha { get; init; }

    /// <summary>KTO: weight of good answers. Default 1.</summary>
    public double DesirableWeight { get; init; } = 1;

    /// <summary>KTO: weight of bad answers. Default 1.</summary>
    public double UndesirableWeight { get; init; } = 1;

    /// <summary>Reward model: pull of the two rewards' sum towards 0. Default none.</summary>
    public double? CenterRewardsCoefficient { get; init; }

    /// <summary>Loss types of dpo.</summary>
    public static IReadOnlyList<string> DpoLossTypes { get; } =
    [
        "sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down",
        "discopop", "sigmoid_norm", "sft",
    ];

    internal static PreferenceSettings Read(RecipeReader r, TrainingMethod method)
    {
        var d = new PreferenceSettings();
        var settings = d with
        {
            Beta = method == TrainingMethod.Reward ? d.Beta : r.Double("beta", method == TrainingMethod.Simpo ? 2 : d.Beta, 0, 1e6),
        };
        switch (method)
        {
            case TrainingMethod.Dpo:
                settings = settings with
                {
                    LossType = RecipeReader.Words(r.Optional("loss_type"), DpoLossTypes) ?? d.LossType,
                    LossWeights = r.Numbers("loss_weights"),
                    LabelSmoothing = r.Double("label_smoothing", 0, 0, 0.4999999),
                    FDivergenceType = r.OneOf("f_divergence_type", d.FDivergenceType, ["reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"]),
                    FAlphaDivergenceCoef = r.Double("f_alpha_divergence_coef", d.FAlphaDivergenceCoef, -100, 100),
                    DiscopopTau = r.Double("discopop_tau", d.DiscopopTau, 1e-6, 1e6),
                    LdAlpha = r.OptionalDouble("ld_alpha", 0, 1),
                    UseWeighting = r.Bool("use_weighting", false),
                    PrecomputeRefLogProbs = r.Bool("precompute_ref_log_probs", false),
                };
                if (settings.LossWeights is { } weights && weights.Count != settings.LossType.Count)
                {
                    throw r.Error("loss_weights", $"{weights.Count} weights for {settings.LossType.Count} loss types; give one each");
                }

                if (settings.LossType.Contains("exo_pair") && settings.LabelSmoothing == 0)
                {
                    throw r.Error("label_smoothing", "exo_pair needs label_smoothing above 0 (TRL uses 1e-3): its loss contains log(label_smoothing)");
                }

                break;
            case TrainingMethod.Cpo or TrainingMethod.Simpo:
                var simpo = method == TrainingMethod.Simpo;
                settings = settings with
                {
                    LossType = RecipeReader.Words(r.Optional("loss_type"), simpo ? ["simpo"] : ["sigmoid", "hinge", "ipo", "simpo"]) ?? (simpo ? ["simpo"] : ["sigmoid"]),
                    LabelSmoothing = r.Double("label_smoothing", 0, 0, 0.4999999),
                    CpoAlpha = r.Double("cpo_alpha", simpo ? 0 : d.CpoAlpha, 0, 1e6),
                    SimpoGamma = r.Double("simpo_gamma", d.SimpoGamma, 0, 1e6),
                    Alpha = r.Double("alpha", 0, -100, 100),
                };
                break;
            case TrainingMethod.Kto:
                settings = settings with
                {
                    LossType = RecipeReader.Words(r.Optional("loss_type"), ["kto", "apo_zero_unpaired"]) ?? ["kto"],
                    DesirableWeight = r.Double("desirable_weight", 1, 0, 1e6),
                    UndesirableWeight = r.Double("undesirable_weight", 1, 0, 1e6),
                };
                break;
            case TrainingMethod.Reward:
                settings = settings with { CenterRewardsCoefficient = r.OptionalDouble("center_rewards_coefficient", 0, 1e6) };
                break;
        }

        if (method is not TrainingMethod.Dpo && settings.LossType.Count != 1)
        {
            throw r.Error("loss_type", "one loss type is allowed here");
        }

        return settings;
    }
}
