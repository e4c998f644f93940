namespace LamdAgent.Tokenization.Normalizers;

/// <summary>A normalizer that is one function.</summary>
internal sealed class StepNormalizer(Func<AlignedText, AlignedText> step) : INormalizer
{
    public AlignedText Normalize(AlignedText text) => step(text);
}
