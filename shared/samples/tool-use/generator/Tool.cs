namespace LamdAgent.Samples.ToolUse;

/// <summary>A function the model may call.</summary>
/// <param name="Name">Its name, as the call must give it.</param>
/// <param name="Parameters">Its parameters in order; those in <see cref="NumberNames"/> are integers from 1 to 30, the others words.</param>
/// <param name="Requests">How users ask for it, with {parameter} where the value goes.</param>
public sealed record Tool(string Name, string[] Parameters, string[] Requests)
{
    /// <summary>The parameters whose values are integers.</summary>
    public static IReadOnlyList<string> NumberNames { get; } = ["hour", "people", "count", "day"];

    /// <summary>All tools of the sample.</summary>
    public static IReadOnlyList<Tool> All { get; } =
    [
        new("set_alarm", ["label", "hour"],
            ["Wake me at {hour} for {label}.", "Set an alarm called {label} at {hour}.", "I need an alarm at {hour} named {label}."]),
        new("send_message", ["to", "text"],
            ["Send {text} to {to}.", "Send a message to {to} with the text {text}.", "Let {to} know about {text}."]),
        new("book_table", ["place", "people"],
            ["Book a table at {place} for {people}.", "We are {people} and want to eat at {place}.", "Get us a table for {people} at {place}."]),
        new("get_weather", ["city"],
            ["How is the weather in {city}?", "Will it rain in {city}?", "Tell me the weather of {city}."]),
        new("play_song", ["title", "artist"],
            ["Play {title} by {artist}.", "I want to hear {title} from {artist}.", "Play the song {title} of {artist}."]),
        new("find_route", ["start", "end"],
            ["How do I get from {start} to {end}?", "Show the way from {start} to {end}.", "Find a route to {end} from {start}."]),
        new("buy_item", ["item", "count", "shop"],
            ["Buy {count} {item} at {shop}.", "Order {count} of {item} from {shop}.", "Get me {count} {item} in the shop {shop}."]),
        new("add_event", ["name", "day"],
            ["Add {name} to my calendar on day {day}.", "Plan {name} for day {day}.", "I have {name} on day {day}."]),
    ];

    /// <summary>Whether a parameter holds an integer.</summary>
    public static bool IsNumber(string parameter) => NumberNames.Contains(parameter);
}
