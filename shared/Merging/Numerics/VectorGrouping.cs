namespace LamdAgent.Merging.Numerics;

/// <summary>Which elements of a tensor are one vector: all of them, each row (last dimension), or each column (first dimension).</summary>
internal enum VectorGrouping
{
    /// <summary>All elements.</summary>
    Whole,

    /// <summary>Each row.</summary>
    Rows,

    /// <summary>Each column.</summary>
    Columns,
}
