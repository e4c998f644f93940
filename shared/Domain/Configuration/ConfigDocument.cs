using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LamdAgent.Domain.Configuration;

/// <summary>
/// Reads one YAML document into <see cref="ConfigNode"/>s. Duplicate keys, aliases, tags and a second document are refused: a file says one thing once.
/// Nothing is turned into .NET types by name.
/// </summary>
public static class ConfigDocument
{
    private const int MaxDepth = 64;

    /// <summary>Parses YAML text whose root is a mapping.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for error messages.</param>
    /// <exception cref="InvalidInputException">Not YAML, or not a mapping.</exception>
    public static ConfigMapping Parse(string yaml, string file)
    {
        var documents = ParseAll(yaml, file);
        return documents.Count == 1
            ? documents[0]
            : throw new InvalidInputException(file, documents[1].Line, "a second YAML document starts here; one is allowed");
    }

    /// <summary>Parses YAML text of one or several documents (separated by <c>---</c>) whose roots are mappings.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for error messages.</param>
    /// <exception cref="InvalidInputException">Not YAML, or not mappings.</exception>
    public static IReadOnlyList<ConfigMapping> ParseAll(string yaml, string file)
    {
        try
        {
            var parser = new Parser(new StringReader(yaml));
            parser.Consume<StreamStart>();
            var documents = new List<ConfigMapping>();
            while (parser.TryConsume<DocumentStart>(out _))
            {
                documents.Add(Read(parser, file, "", 0).AsMapping());
                parser.Consume<DocumentEnd>();
            }

            return documents.Count > 0 ? documents : throw new InvalidInputException(file, null, "the file is empty");
        }
        catch (YamlException e)
        {
            throw new InvalidInputException(file, (int)e.Start.Line, $"not valid YAML: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    private static ConfigNode Read(Parser parser, string file, string path, int depth)
    {
        var line = (int)parser.Current!.Start.Line;
        if (depth > MaxDepth)
        {
            throw new InvalidInputException(file, line, $"nested more than {MaxDepth} levels deep");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return new ConfigScalar(file, line, path, scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any));
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<ConfigNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(Read(parser, file, $"{path}[{items.Count}]", depth + 1));
            }

            return new ConfigSequence(file, line, path, items);
        }

        if (parser.TryConsume<MappingStart>(out _))
        {
            var entries = new List<(string, int, ConfigNode)>();
            var keys = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var keyLine = (int)parser.Current!.Start.Line;
                if (!parser.TryConsume<Scalar>(out var key))
                {
                    throw new InvalidInputException(file, keyLine, "a key must be a single word or text");
                }

                if (!keys.Add(key.Value))
                {
                    throw new InvalidInputException(file, keyLine, $"the key '{key.Value}' is there twice");
                }

                entries.Add((key.Value, keyLine, Read(parser, file, path.Length == 0 ? key.Value : $"{path}.{key.Value}", depth + 1)));
            }

            return new ConfigMapping(file, line, path, entries);
        }

        throw new InvalidInputException(file, line, "YAML anchors and aliases are not supported here; write the value out");
    }
}
