namespace LamdAgent.Domain.Recipes;

/// <summary>What a training optimises. In recipes the names are written in lower case (<c>method: dpo</c>).</summary>
public enum TrainingMethod
{
    /// <summary>Continued pre-training: next-token loss on every token of plain text.</summary>
    Cpt,

    /// <summary>Supervised fine-tuning: next-token loss on completions or assistant turns.</summary>
    Sft,

    /// <summary>Direct preference optimisation against a frozen reference model, all of TRL's loss types.</summary>
    Dpo,

    /// <summary>Contrastive preference optimisation: no reference model, plus the likelihood of the chosen answer.</summary>
    Cpo,

    /// <summary>SimPO: CPO's trainer with length-averaged log-probabilities, a target margin and no likelihood term.</summary>
    Simpo,

    /// <summary>Odds-ratio preference optimisation: supervised loss plus an odds-ratio penalty, no reference model.</summary>
    Orpo,

    /// <summary>Kahneman-Tversky optimisation: single answers labelled good or bad.</summary>
    Kto,

    /// <summary>A Bradley-Terry reward model: one number per sequence.</summary>
    Reward,

    /// <summary>Group-relative policy optimisation and its relatives, with rewards of generated answers.</summary>
    Grpo,

    /// <summary>REINFORCE leave-one-out with rewards of generated answers.</summary>
    Rloo,

    /// <summary>Distillation from a teacher on the answers of the data set.</summary>
    Distillation,

    /// <summary>Generalised knowledge distillation: distillation that also trains on the student's own answers.</summary>
    Gkd,
}
