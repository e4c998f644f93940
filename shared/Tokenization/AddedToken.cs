namespace LamdAgent.Tokenization;

/// <summary>A token that is cut out of the text before anything else happens to it, whatever the model would make of its characters.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">The text it stands for.</param>
/// <param name="IsSpecial">Left out when decoding without special tokens.</param>
/// <param name="IsNormalized">Looked for in the normalized text, with its own content normalized too; otherwise in the text as it came.</param>
/// <param name="StripsLeft">Swallows white space before it, new lines too.</param>
/// <param name="StripsRight">Swallows white space after it.</param>
/// <param name="IsSingleWord">Counts only with no word character on either side.</param>
public sealed record AddedToken(int Id, string Content, bool IsSpecial, bool IsNormalized, bool StripsLeft, bool StripsRight, bool IsSingleWord);
