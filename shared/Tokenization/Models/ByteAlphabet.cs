using System.Text;

namespace LamdAgent.Tokenization.Models;

/// <summary>GPT-2's one printable character for each byte (openai/gpt-2 src/encoder.py, bytes_to_unicode).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((c, i) => (c, i)).ToDictionary(pair => pair.c, pair => (byte)pair.i);

    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var builder = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            builder.Append(Characters[b]);
        }

        return builder.ToString();
    }

    public static AlignedText Encode(AlignedText piece)
    {
        if (!piece.IsTracked)
        {
            var count = Encoding.UTF8.GetByteCount(piece.Text);
            Span<byte> bytes = count <= 512 ? stackalloc byte[count] : new byte[count];
            Encoding.UTF8.GetBytes(piece.Text, bytes);
            return piece with { Text = ToText(bytes) };
        }

        var builder = new StringBuilder();
        var starts = new List<int>();
        var ends = new List<int>();
        Span<byte> one = stackalloc byte[4];
        var at = 0;
        foreach (var rune in piece.Text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(one);
            builder.Append(ToText(one[..length]));
            starts.AddRange(Enumerable.Repeat(piece.Starts![at], length));
            ends.AddRange(Enumerable.Repeat(piece.Ends![at + rune.Utf16SequenceLength - 1], length));
            at += rune.Utf16SequenceLength;
        }

        return piece with { Text = builder.ToString(), Starts = [.. starts], Ends = [.. ends] };
    }

    /// <summary>Adds the bytes a token stands for; a token with any other character (an added one) stands for its own UTF-8.</summary>
    public static void Decode(string token, List<byte> output)
    {
        var before = output.Count;
        foreach (var c in token)
        {
            if (!Bytes.TryGetValue(c, out var b))
            {
                output.RemoveRange(before, output.Count - before);
                output.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            output.Add(b);
        }
    }

    private static char[] Build()
    {
        var characters = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[b] = printable ? (char)b : (char)next++;
        }

        return characters;
    }
}
