using System.Text;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Decoders;
using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.PostProcessors;
using LamdAgent.Tokenization.PreTokenizers;

namespace LamdAgent.Tokenization.Loading;

/// <summary>The layout of GPT-2: a vocabulary (<c>vocab.json</c> or <c>encoder.json</c>) and its merges (<c>merges.txt</c> or <c>vocab.bpe</c>), nothing else declared.</summary>
internal static class Gpt2Files
{
    private const string EndOfText = "<|endoftext|>";

    private static readonly (string Vocabulary, string Merges)[] Names = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    public static bool Exist(string folder) => Find(folder) is not null;

    /// <param name="addPrefixSpace">The setting of <c>tokenizer_config.json</c>; GPT-2 has false.</param>
    /// <param name="bosToken">Put before the text when the configuration says <c>add_bos_token</c>.</param>
    public static TokenizerDefinition Read(string folder, bool addPrefixSpace, string? bosToken)
    {
        var (vocabularyFile, mergesFile) = Find(folder)!.Value;
        using var document = Json.Open(vocabularyFile);
        var section = new JsonSection(vocabularyFile, "vocabulary", document.RootElement);
        var vocabulary = TokenizerJson.ReadVocabulary(section, document.RootElement);
        var model = new BpeModel(vocabulary, ReadMerges(mergesFile), new BpeOptions(), mergesFile);
        return new TokenizerDefinition(model)
        {
            PreTokenizer = new ByteLevelPreTokenizer(addPrefixSpace, useRegex: true),
            Decoder = DecoderReader.ByteLevel,
            PostProcessor = bosToken is not null && vocabulary.TryGetValue(bosToken, out var bos) ? new PostProcessor([bos], []) : PostProcessor.None,
            AddedTokens = vocabulary.TryGetValue(EndOfText, out var id) ? [new AddedToken(id, EndOfText, IsSpecial: true, IsNormalized: false, false, false, false)] : [],
        };
    }

    private static (string Vocabulary, string Merges)? Find(string folder)
    {
        foreach (var (vocabulary, merges) in Names)
        {
            if (File.Exists(Path.Combine(folder, vocabulary)) && File.Exists(Path.Combine(folder, merges)))
            {
                return (Path.Combine(folder, vocabulary), Path.Combine(folder, merges));
            }
        }

        return null;
    }

    private static List<(string Left, string Right)> ReadMerges(string file)
    {
        var merges = new List<(string Left, string Right)>();
        var number = 0;
        foreach (var line in File.ReadAllText(file, Encoding.UTF8).Split('\n'))
        {
            number++;
            if ((number == 1 && line.StartsWith("#version", StringComparison.Ordinal)) || line.Length == 0)
            {
                continue;
            }

            var parts = line.TrimEnd('\r').Split(' ');
            merges.Add(parts is [{ Length: > 0 }, { Length: > 0 }] ? (parts[0], parts[1]) : throw new InvalidInputException(file, number, "a merge is two tokens with a space between"));
        }

        return merges;
    }
}
