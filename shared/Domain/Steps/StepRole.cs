namespace LamdAgent.Domain.Steps;

/// <summary>Why a step is in the ledger.</summary>
public enum StepRole
{
    /// <summary>An iteration of the search (<c>s-0001</c> ...): counts against the budget, its model joins the pool.</summary>
    Search,

    /// <summary>A reference (<c>r-0001</c> ...): the starting models on validation, and the plain SFT on all datasets. Its scores are reported; only starting models are in the pool.</summary>
    Reference,

    /// <summary>A test reading at the end (<c>t-0001</c> ...). Never seen by the strategies.</summary>
    Final,
}
