namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Cuts a piece of text into smaller ones; no token crosses from one to the next.</summary>
internal interface IPreTokenizer
{
    /// <summary>Adds the pieces of <paramref name="piece"/> to <paramref name="output"/>, in order.</summary>
    void Split(AlignedText piece, List<AlignedText> output);
}
