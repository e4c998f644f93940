using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LamdAgent.Domain.Configuration;

/// <summary>
/// Reads one YAML document into <see cref="ConfigNode"/>s. Duplicate keys and a second document are refused: a file says one thing once. An alias (<c>*a</c>) stands for
/// what its anchor (<c>&amp;a</c>) marks, and <c>&lt;&lt;: *a</c> for the keys of a mapping that are not there already. Nothing is turned into .NET types by name.
/// </summary>
public static class ConfigDocument
{
    private const int MaxDepth = 64;

    // Aliases of aliases grow without bounds in a few lines.
    private const int MaxNodes = 100_000;
    private const string MergeKey = "<<";

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
                documents.Add(new Reader(parser, file).Read("", 0).AsMapping());
                parser.Consume<DocumentEnd>();
            }

            return documents.Count > 0 ? documents : throw new InvalidInputException(file, null, "the file is empty");
        }
        catch (YamlException e)
        {
            throw new InvalidInputException(file, (int)e.Start.Line, $"not valid YAML: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    // One document: anchors end with it.
    private sealed class Reader(Parser parser, string file)
    {
        private readonly Dictionary<string, ConfigNode> _anchors = new(StringComparer.Ordinal);
        private int _nodes;

        public ConfigNode Read(string path, int depth)
        {
            var line = (int)parser.Current!.Start.Line;
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                return _anchors.TryGetValue(alias.Value.Value, out var known)
                    ? Copy(known, path, depth, line)
                    : throw new InvalidInputException(file, line, $"the alias '*{alias.Value.Value}' has no anchor '&{alias.Value.Value}' before it");
            }

            var anchor = parser.Current is NodeEvent { Anchor.IsEmpty: false } marked ? marked.Anchor.Value : null;
            var node = ReadNode(path, depth, line);
            if (anchor is not null)
            {
                _anchors[anchor] = node;
            }

            return node;
        }

        private ConfigNode ReadNode(string path, int depth, int line)
        {
            Count(depth, line);
            if (parser.TryConsume<Scalar>(out var scalar))
            {
                return new ConfigScalar(file, line, path, scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any));
            }

            if (parser.TryConsume<SequenceStart>(out _))
            {
                var items = new List<ConfigNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(Read($"{path}[{items.Count}]", depth + 1));
                }

                return new ConfigSequence(file, line, path, items);
            }

            parser.Consume<MappingStart>();
            return ReadMapping(path, depth, line);
        }

        private ConfigMapping ReadMapping(string path, int depth, int line)
        {
            var entries = new List<(string Key, int Line, ConfigNode Value)>();
            var keys = new HashSet<string>(StringComparer.Ordinal);
            ConfigNode? merged = null;
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

                var value = Read(Below(path, key.Value), depth + 1);
                if (key is { Value: MergeKey, Style: ScalarStyle.Plain })
                {
                    merged = value;
                }
                else
                {
                    entries.Add((key.Value, keyLine, value));
                }
            }

            foreach (var source in merged switch { null => [], ConfigSequence list => list, _ => (IEnumerable<ConfigNode>)[merged] })
            {
                entries.AddRange(source.AsMapping().Entries.Where(e => keys.Add(e.Key)).ToList().ConvertAll(e => (e.Key, e.Line, Copy(e.Value, Below(path, e.Key), depth + 1, e.Line))));
            }

            return new ConfigMapping(file, line, path, entries);
        }

        // Where an alias stands is another place in the document: messages name that, and a mapping keeps its own account of what was read.
        private ConfigNode Copy(ConfigNode node, string path, int depth, int line)
        {
            Count(depth, line);
            return node switch
            {
                ConfigScalar scalar => new ConfigScalar(file, node.Line, path, scalar.Text, scalar.Quoted),
                ConfigSequence list => new ConfigSequence(file, node.Line, path, [.. list.Select((item, i) => Copy(item, $"{path}[{i}]", depth + 1, line))]),
                _ => new ConfigMapping(file, node.Line, path, [.. node.AsMapping().Entries.Select(e => (e.Key, e.Line, Copy(e.Value, Below(path, e.Key), depth + 1, line)))]),
            };
        }

        private void Count(int depth, int line)
        {
            if (depth > MaxDepth)
            {
                throw new InvalidInputException(file, line, $"nested more than {MaxDepth} levels deep");
            }

            if (++_nodes > MaxNodes)
            {
                throw new InvalidInputException(file, line, $"more than {MaxNodes} values, aliases written out");
            }
        }

        private static string Below(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
    }
}
