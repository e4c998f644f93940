namespace LamdAgent.Samples.ToolUse;

/// <summary>A request that one tool call answers.</summary>
/// <param name="Offered">The tools the system turn names; the right one is among them.</param>
/// <param name="Prompt">The user's turn.</param>
/// <param name="Name">The tool to call.</param>
/// <param name="Arguments">Its arguments in the order of the declaration: an int or a string each.</param>
public sealed record ToolRequest(IReadOnlyList<Tool> Offered, string Prompt, string Name, IReadOnlyList<(string Key, object Value)> Arguments)
{
    private const int OfferedCount = 2;
    private const int LargestNumber = 30;

    /// <summary>A random request with words of the split.</summary>
    public static ToolRequest Make(SeededRandom random, Lexicon lexicon, DataSplit split)
    {
        var offered = random.Shuffled(Tool.All)[..OfferedCount];
        var tool = random.Pick(offered);
        var words = new Queue<string>(lexicon.Words(random, split, tool.Parameters.Length));
        var prompt = random.Pick(tool.Requests);
        var arguments = new List<(string Key, object Value)>();
        foreach (var parameter in tool.Parameters)
        {
            object value = Tool.IsNumber(parameter) ? random.Between(1, LargestNumber) : words.Dequeue();
            prompt = prompt.Replace($"{{{parameter}}}", value.ToString(), StringComparison.Ordinal);
            arguments.Add((parameter, value));
        }

        return new ToolRequest(offered, prompt, tool.Name, arguments);
    }

    /// <summary>The request with a wrong call: another tool, a value that was not asked for, or a missing argument.</summary>
    public ToolRequest Spoiled(SeededRandom random, Lexicon lexicon, DataSplit split)
    {
        var at = random.Below(Arguments.Count);
        var arguments = Arguments.ToList();
        switch (random.Below(3))
        {
            case 0:
                var others = Tool.All.Where(t => t.Name != Name).ToList();
                return this with { Name = random.Pick(others).Name };
            case 1 when arguments.Count > 1:
                arguments.RemoveAt(at);
                return this with { Arguments = arguments };
            default:
                var (key, value) = arguments[at];
                arguments[at] = (key, value is int number ? (number % LargestNumber) + 1 : lexicon.Word(random, split));
                return this with { Arguments = arguments };
        }
    }
}
