namespace LamdAgent.Checkpoints;

/// <summary>Element types of the safetensors format. Types that nothing here computes with (the 8-bit floats) can still be read and written back.</summary>
public enum DType
{
    /// <summary>64-bit float.</summary>
    F64,

    /// <summary>32-bit float.</summary>
    F32,

    /// <summary>16-bit IEEE float.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a 32-bit float.</summary>
    BF16,

    /// <summary>64-bit integer.</summary>
    I64,

    /// <summary>32-bit integer.</summary>
    I32,

    /// <summary>16-bit integer.</summary>
    I16,

    /// <summary>8-bit integer.</summary>
    I8,

    /// <summary>64-bit unsigned integer.</summary>
    U64,

    /// <summary>32-bit unsigned integer.</summary>
    U32,

    /// <summary>16-bit unsigned integer.</summary>
    U16,

    /// <summary>8-bit unsigned integer.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>8-bit float, 4 exponent bits; passed through.</summary>
    F8E4M3,

    /// <summary>8-bit float, 5 exponent bits; passed through.</summary>
    F8E5M2,

    /// <summary>8-bit power of two, used as a scale; passed through.</summary>
    F8E8M0,
}
