namespace LamdAgent.Tokenization;

/// <summary>A token with the place in the text it came from.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Start">Index of the first UTF-16 unit it covers. The bytes of one character have the whole character's range each.</param>
/// <param name="End">Index after the last unit; equal to <paramref name="Start"/> for a token that covers no text.</param>
public readonly record struct TokenSpan(int Id, int Start, int End);
