using System.Buffers.Binary;
using System.Text;

namespace LamdAgent.Modeling.Native;

/// <summary>
/// Edits the version-needs table of an ELF library (System V ABI, "Symbol Versioning" of the Linux Standard Base): a needed version marked
/// weak may be missing from the system, and the loader goes on.
/// <para>
/// TorchSharp 0.107.0 was compiled with GCC 13 and needs <c>GLIBCXX_3.4.32</c> for one symbol, <c>std::ios_base_library_init()</c>, a marker that
/// no code calls: it only ties the program to a libstdc++ that initializes the standard streams itself. Libraries that are older (Debian 12) initialize them
/// anyway, in every object that includes &lt;iostream&gt;. So the need can be weak without changing what runs.
/// </para>
/// </summary>
internal static class SymbolVersionNeed
{
    /// <summary>The version that TorchSharp needs for the marker alone.</summary>
    public const string TorchSharpMarkerVersion = "GLIBCXX_3.4.32";

    private const string TorchSharpMarker = "_ZSt21ios_base_library_initv";
    private const ushort WeakFlag = 2; // VER_FLG_WEAK
    private const uint DynamicSymbols = 11; // SHT_DYNSYM
    private const uint VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const uint SymbolVersions = 0x6fffffff; // SHT_GNU_versym

    /// <summary>A copy of the library in which <see cref="TorchSharpMarkerVersion"/> is weak.</summary>
    /// <exception cref="InvalidDataException">Not a 64-bit little-endian ELF file, no such need, or another symbol than the marker needs it, which would then be missing when called.</exception>
    public static byte[] WithWeakMarker(ReadOnlySpan<byte> library) => WithWeakVersion(library, TorchSharpMarkerVersion, TorchSharpMarker);

    internal static byte[] WithWeakVersion(ReadOnlySpan<byte> library, string version, string onlySymbol)
    {
        var patched = library.ToArray();
        try
        {
            var sections = Sections(patched);
            var (place, index) = FindNeed(patched, sections, version);
            foreach (var symbol in SymbolsOfVersion(patched, sections, index))
            {
                if (symbol != onlySymbol)
                {
                    throw new InvalidDataException($"{symbol} is needed from {version}, so {version} cannot be made optional");
                }
            }

            var flags = patched.AsSpan(place + 4, 2); // Elf64_Vernaux: hash 4, flags 2, other 2, name 4, next 4
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
            return patched;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("the tables of the library point outside of the file", e);
        }
    }

    private static List<Section> Sections(ReadOnlySpan<byte> elf)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF library");
        }

        var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var sections = new List<Section>(count);
        for (var i = 0; i < count; i++)
        {
            var header = elf.Slice(table + (i * size), 64);
            sections.Add(new Section(
                BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
                (int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]),
                (int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
                (int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]),
                (int)BinaryPrimitives.ReadUInt32LittleEndian(header[44..])));
        }

        return sections;
    }

    private static (int Place, ushort Index) FindNeed(ReadOnlySpan<byte> elf, List<Section> sections, string version)
    {
        var needs = sections.Find(s => s.Type == VersionNeeds);
        if (needs.Size > 0)
        {
            var names = sections[needs.Link];
            var need = needs.Offset;
            for (var i = 0; i < needs.Info; i++)
            {
                var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[(need + 2)..]);
                var entry = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 8)..]);
                for (var j = 0; j < count; j++)
                {
                    if (Text(elf, names, (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 8)..])) == version)
                    {
                        return (entry, BinaryPrimitives.ReadUInt16LittleEndian(elf[(entry + 6)..]));
                    }

                    entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 12)..]);
                }

                need += (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 12)..]);
            }
        }

        throw new InvalidDataException($"the library does not need {version}");
    }

    private static List<string> SymbolsOfVersion(ReadOnlySpan<byte> elf, List<Section> sections, ushort index)
    {
        const int SymbolSize = 24; // Elf64_Sym
        var found = new List<string>();
        var symbols = sections.Find(s => s.Type == DynamicSymbols);
        var versions = sections.Find(s => s.Type == SymbolVersions);
        for (var i = 0; i < versions.Size / 2; i++)
        {
            if ((BinaryPrimitives.ReadUInt16LittleEndian(elf[(versions.Offset + (i * 2))..]) & 0x7fff) == index)
            {
                found.Add(Text(elf, sections[symbols.Link], (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(symbols.Offset + (i * SymbolSize))..])));
            }
        }

        return found;
    }

    private static string Text(ReadOnlySpan<byte> elf, Section strings, int offset)
    {
        var bytes = elf.Slice(strings.Offset + offset, strings.Size - offset);
        return Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }

    private readonly record struct Section(uint Type, int Offset, int Size, int Link, int Info);
}
