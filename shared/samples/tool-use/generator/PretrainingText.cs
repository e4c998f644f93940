using System.Text;

namespace LamdAgent.Samples.ToolUse;

/// <summary>
/// What the base model is trained on: instructions in chat form, and plain documents that write named values down as JSON. The latter teach the
/// copying that tool calls are made of (quotes, keys, values picked by name or from a sentence), while no tool, tool call or request for one is ever shown.
/// </summary>
public static class PretrainingText
{
    private static readonly string[] WordKeys =
        ["label", "to", "text", "place", "city", "title", "artist", "start", "end", "item", "shop", "name", "color", "owner", "team", "kind", "note", "street"];

    private static readonly string[] NumberKeys = ["hour", "people", "count", "day", "size", "price", "level", "age"];
    private static readonly string[] Kinds = ["order", "visit", "person", "trip", "parcel", "game"];

    /// <summary>What happened, told in sentences that no user says to the model, with the keys that tools will use later.</summary>
    private static readonly (string Sentence, string[] Keys)[] Events =
    [
        ("The alarm {label} rang at {hour}.", ["label", "hour"]),
        ("At {hour} there was an alarm for {label}.", ["label", "hour"]),
        ("The message {text} went to {to}.", ["to", "text"]),
        ("Yesterday {to} got the message {text}.", ["to", "text"]),
        ("The table at {place} was for {people} people.", ["place", "people"]),
        ("There were {people} people at a table at {place}.", ["place", "people"]),
        ("There was rain in {city}.", ["city"]),
        ("The weather in {city} was good.", ["city"]),
        ("The song {title} is by {artist}.", ["title", "artist"]),
        ("We know {artist} by the song {title}.", ["title", "artist"]),
        ("They went from {start} to {end}.", ["start", "end"]),
        ("The way to {end} went from {start}.", ["start", "end"]),
        ("They got {count} {item} at the shop {shop}.", ["item", "count", "shop"]),
        ("The shop {shop} had {count} of {item}.", ["item", "count", "shop"]),
        ("There was {name} on day {day}.", ["name", "day"]),
        ("On day {day} they had {name}.", ["name", "day"]),
    ];

    /// <summary>A document: the part that sets the task, and the part to be learned.</summary>
    public static (string Given, string Learned) Document(SeededRandom random, Lexicon lexicon)
    {
        if (random.Chance(0.35))
        {
            return Event(random, lexicon);
        }

        var fields = Fields(random, lexicon);
        var json = Json(fields);
        switch (random.Below(5))
        {
            case 0:
                return ($"{Listed(fields, " ")}\nJSON:\n", json);
            case 1:
                var told = random.Shuffled(fields).Select(f => $"{f.Key} is {f.Value}");
                return ($"Keys {string.Join(", ", fields.Select(f => f.Key))}. The {string.Join(" and the ", told)}.\nJSON:\n", json);
            case 2:
                var said = random.Shuffled(fields).Select(f => $"{f.Value} is the {f.Key}");
                return ($"Keys {string.Join(", ", fields.Select(f => f.Key))}. We know that {string.Join(" and ", said)}.\nJSON:\n", json);
            case 3:
                var kind = random.Pick(Kinds);
                return ($"A {kind} with {Listed(fields, " ")}.\nRecord:\n", $"{{\"kind\": \"{kind}\", \"fields\": {json}}}");
            default:
                return ($"{json}\nText:\n", Listed(fields, ": "));
        }
    }

    private static (string Given, string Learned) Event(SeededRandom random, Lexicon lexicon)
    {
        var (sentence, keys) = random.Pick(Events);
        var fields = Fields(random, lexicon, keys);
        foreach (var (key, value) in fields)
        {
            sentence = sentence.Replace($"{{{key}}}", $"{value}", StringComparison.Ordinal);
        }

        return ($"{sentence}\nJSON:\n", Json(fields));
    }

    private static List<(string Key, object Value)> Fields(SeededRandom random, Lexicon lexicon)
    {
        return Fields(random, lexicon, random.Shuffled(WordKeys.Concat(NumberKeys))[..random.Between(1, 3)]);
    }

    private static List<(string Key, object Value)> Fields(SeededRandom random, Lexicon lexicon, IReadOnlyList<string> keys)
    {
        var words = lexicon.Words(random, DataSplit.Train, keys.Count);
        return [.. keys.Select((key, i) => (key, NumberKeys.Contains(key) ? (object)random.Between(1, 30) : words[i]))];
    }

    private static string Listed(IEnumerable<(string Key, object Value)> fields, string between) =>
        string.Join(", ", fields.Select(f => $"{f.Key}{between}{f.Value}"));

    private static string Json(IEnumerable<(string Key, object Value)> fields)
    {
        var text = new StringBuilder("{");
        foreach (var (key, value) in fields)
        {
            text.Append(text.Length > 1 ? ", " : "").Append($"\"{key}\": ").Append(value is int ? $"{value}" : $"\"{value}\"");
        }

        return text.Append('}').ToString();
    }
}
