using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>A pattern as instructions for <see cref="PatternMatcher"/>.</summary>
internal sealed class PatternProgram
{
    private const int MaxInstructions = 20_000;

    private readonly List<Instruction> instructions = [];
    private readonly Dictionary<int, CodePointSet> literals = [];

    private PatternProgram()
    {
    }

    public Instruction[] Instructions { get; private set; } = [];

    /// <summary>Places that remember where a loop's turn began, so that a turn that takes nothing ends the loop.</summary>
    public int Slots { get; private set; }

    public static PatternProgram Compile(PatternNode node)
    {
        var program = new PatternProgram();
        program.Emit(node);
        program.Add(new Instruction(Operation.Match));
        program.Instructions = [.. program.instructions];
        return program;
    }

    private int Add(Instruction instruction)
    {
        if (instructions.Count >= MaxInstructions)
        {
            throw new InvalidInputException("tokenizer pattern: it is too large");
        }

        instructions.Add(instruction);
        return instructions.Count - 1;
    }

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Literal literal:
                Add(new Instruction(Operation.Literal) { A = literal.CodePoint });
                break;
            case PatternNode.Set set:
                Add(new Instruction(Operation.Set) { Members = set.Members });
                break;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case PatternNode.Alternatives alternatives:
                EmitAlternatives(alternatives.Parts);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Look look:
                var (min, max) = look.Body.Width();
                Add(new Instruction(look.Behind ? Operation.LookBehind : Operation.LookAhead) { Inner = Compile(look.Body), Negative = look.Negative, A = min, B = max ?? 0 });
                break;
            case PatternNode.Atomic atomic:
                Add(new Instruction(Operation.Atomic) { Inner = Compile(atomic.Body) });
                break;
            case PatternNode.Anchor anchor:
                Add(new Instruction(Operation.Anchor) { A = (int)anchor.Kind });
                break;
        }
    }

    private void EmitAlternatives(IReadOnlyList<PatternNode> parts)
    {
        var exits = new List<int>();
        for (var i = 0; i < parts.Count; i++)
        {
            if (i == parts.Count - 1)
            {
                Emit(parts[i]);
                break;
            }

            var split = Add(default);
            Emit(parts[i]);
            exits.Add(Add(default));
            instructions[split] = new Instruction(Operation.Split) { A = split + 1, B = instructions.Count };
        }

        foreach (var exit in exits)
        {
            instructions[exit] = new Instruction(Operation.Jump) { A = instructions.Count };
        }
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        if (repeat.Mode != PatternNode.RepeatMode.Lazy && repeat.Body is PatternNode.Set or PatternNode.Literal)
        {
            var members = repeat.Body is PatternNode.Set set ? set.Members : Single(((PatternNode.Literal)repeat.Body).CodePoint);
            Add(new Instruction(Operation.Loop) { Members = members, A = repeat.Min, B = repeat.Max ?? int.MaxValue, Negative = repeat.Mode == PatternNode.RepeatMode.Possessive });
            return;
        }

        if (repeat.Mode == PatternNode.RepeatMode.Possessive)
        {
            Add(new Instruction(Operation.Atomic) { Inner = Compile(repeat with { Mode = PatternNode.RepeatMode.Greedy }) });
            return;
        }

        for (var i = 0; i < repeat.Min; i++)
        {
            Emit(repeat.Body);
        }

        var lazy = repeat.Mode == PatternNode.RepeatMode.Lazy;
        if (repeat.Max is null)
        {
            var slot = Slots++;
            var split = Add(default);
            Add(new Instruction(Operation.TurnBegins) { A = slot });
            Emit(repeat.Body);
            Add(new Instruction(Operation.TurnEnds) { A = slot, B = split });
            instructions[split] = SplitTo(split + 1, instructions.Count, lazy);
            return;
        }

        var splits = new List<int>();
        for (var i = repeat.Min; i < repeat.Max; i++)
        {
            splits.Add(Add(default));
            Emit(repeat.Body);
        }

        foreach (var split in splits)
        {
            instructions[split] = SplitTo(split + 1, instructions.Count, lazy);
        }
    }

    private CodePointSet Single(int codePoint) => literals.TryGetValue(codePoint, out var set) ? set : literals[codePoint] = new CodePointSet(codePoint.Equals);

    private static Instruction SplitTo(int body, int exit, bool lazy) => new(Operation.Split) { A = lazy ? exit : body, B = lazy ? body : exit };

    internal enum Operation
    {
        Match,
        Literal,
        Set,
        Loop,
        Jump,
        Split,
        TurnBegins,
        TurnEnds,
        LookAhead,
        LookBehind,
        Atomic,
        Anchor,
    }

    internal readonly record struct Instruction(Operation Operation)
    {
        public int A { get; init; }

        public int B { get; init; }

        public bool Negative { get; init; }

        public CodePointSet? Members { get; init; }

        public PatternProgram? Inner { get; init; }
    }
}
