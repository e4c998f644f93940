using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.Normalizers;
using LamdAgent.Tokenization.PostProcessors;
using LamdAgent.Tokenization.PreTokenizers;

namespace LamdAgent.Tokenization.Loading;

/// <summary>The parts of a tokenizer, however its files wrote them.</summary>
internal sealed record TokenizerDefinition(BpeModel Model)
{
    public INormalizer? Normalizer { get; init; }

    public IPreTokenizer? PreTokenizer { get; init; }

    public PostProcessor PostProcessor { get; init; } = PostProcessor.None;

    /// <summary>Null: tokens are joined with spaces, as the tokenizers library does without a decoder.</summary>
    public Func<List<string>, List<string>>? Decoder { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
}
