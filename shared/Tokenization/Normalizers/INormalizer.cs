namespace LamdAgent.Tokenization.Normalizers;

/// <summary>Changes text before it is cut into pieces.</summary>
internal interface INormalizer
{
    AlignedText Normalize(AlignedText text);
}
