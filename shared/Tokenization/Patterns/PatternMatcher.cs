using LamdAgent.Domain;
using LamdAgent.Tokenization.Unicode;
using static LamdAgent.Tokenization.Patterns.PatternProgram;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>Runs a program over one text by backtracking, with its own stack and a limit on steps, so that no pattern can hang or overflow the process.</summary>
internal sealed class PatternMatcher(string text)
{
    private const long FreeSteps = 2_000_000;
    private const long StepsPerUnit = 2_000;

    private readonly Stack<Frame> stack = new();
    private long steps = FreeSteps + (StepsPerUnit * text.Length);

    /// <summary>Where the match that begins at <paramref name="start"/> ends, or -1.</summary>
    public int Run(PatternProgram program, int start) => Run(program, start, requiredEnd: -1);

    private int Run(PatternProgram program, int start, int requiredEnd)
    {
        var floor = stack.Count;
        var slots = program.Slots == 0 ? null : new int[program.Slots];
        var instructions = program.Instructions;
        var (pc, at) = (0, start);
        while (true)
        {
            if (--steps < 0)
            {
                throw new InvalidInputException("a tokenizer pattern needs too many steps on this text (it backtracks without end)");
            }

            ref readonly var instruction = ref instructions[pc];
            var ok = true;
            switch (instruction.Operation)
            {
                case Operation.Match:
                    if (requiredEnd < 0 || at == requiredEnd)
                    {
                        Trim(floor);
                        return at;
                    }

                    ok = false;
                    break;
                case Operation.Literal:
                    ok = at < text.Length && CodePoints.At(text, at, out var literalLength) == instruction.A && Advance(ref at, literalLength);
                    pc++;
                    break;
                case Operation.Set:
                    ok = at < text.Length && instruction.Members!.Contains(CodePoints.At(text, at, out var setLength)) && Advance(ref at, setLength);
                    pc++;
                    break;
                case Operation.Loop:
                    ok = Loop(instruction, ref at, pc + 1);
                    pc++;
                    break;
                case Operation.Jump:
                    pc = instruction.A;
                    break;
                case Operation.Split:
                    stack.Push(new Frame(FrameKind.Branch, instruction.B, at, 0));
                    pc = instruction.A;
                    break;
                case Operation.TurnBegins:
                    stack.Push(new Frame(FrameKind.Slot, instruction.A, slots![instruction.A], 0));
                    slots[instruction.A] = at;
                    pc++;
                    break;
                case Operation.TurnEnds:
                    pc = slots![instruction.A] == at ? pc + 1 : instruction.B;
                    break;
                case Operation.LookAhead:
                    ok = Run(instruction.Inner!, at, -1) >= 0 != instruction.Negative;
                    pc++;
                    break;
                case Operation.LookBehind:
                    ok = Behind(instruction, at) != instruction.Negative;
                    pc++;
                    break;
                case Operation.Atomic:
                    var end = Run(instruction.Inner!, at, -1);
                    ok = end >= 0;
                    at = end;
                    pc++;
                    break;
                case Operation.Anchor:
                    ok = Holds((PatternNode.AnchorKind)instruction.A, at);
                    pc++;
                    break;
            }

            if (!ok && !Backtrack(floor, slots, ref pc, ref at))
            {
                return -1;
            }
        }
    }

    private static bool Advance(ref int at, int length)
    {
        at += length;
        return true;
    }

    private bool Loop(in Instruction instruction, ref int at, int next)
    {
        var members = instruction.Members!;
        var (count, least) = (0, at);
        while (count < instruction.B && at < text.Length && members.Contains(CodePoints.At(text, at, out var length)))
        {
            at += length;
            count++;
            if (count == instruction.A)
            {
                least = at;
            }
        }

        steps -= count;
        if (count < instruction.A)
        {
            return false;
        }

        if (!instruction.Negative && at > least)
        {
            stack.Push(new Frame(FrameKind.Loop, next, at, least));
        }

        return true;
    }

    private bool Backtrack(int floor, int[]? slots, ref int pc, ref int at)
    {
        while (stack.Count > floor)
        {
            var frame = stack.Pop();
            switch (frame.Kind)
            {
                case FrameKind.Branch:
                    (pc, at) = (frame.Next, frame.At);
                    return true;
                case FrameKind.Loop:
                    CodePoints.Before(text, frame.At, out var length);
                    (pc, at) = (frame.Next, frame.At - length);
                    if (at > frame.Least)
                    {
                        stack.Push(frame with { At = at });
                    }

                    return true;
                default:
                    slots![frame.Next] = frame.At;
                    break;
            }
        }

        return false;
    }

    private void Trim(int floor)
    {
        while (stack.Count > floor)
        {
            stack.Pop();
        }
    }

    private bool Behind(in Instruction instruction, int at)
    {
        var start = at;
        for (var width = 0; width <= instruction.B; width++)
        {
            if (width >= instruction.A && Run(instruction.Inner!, start, at) == at)
            {
                return true;
            }

            if (start == 0)
            {
                return false;
            }

            CodePoints.Before(text, start, out var length);
            start -= length;
        }

        return false;
    }

    private bool Holds(PatternNode.AnchorKind kind, int at) => kind switch
    {
        PatternNode.AnchorKind.TextStart => at == 0,
        PatternNode.AnchorKind.TextEnd => at == text.Length,
        PatternNode.AnchorKind.TextEndOrFinalNewline => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
        PatternNode.AnchorKind.LineStart => at == 0 || (text[at - 1] == '\n' && at < text.Length),
        PatternNode.AnchorKind.LineEnd => at == text.Length || text[at] == '\n',
        PatternNode.AnchorKind.WordBoundary => WordAt(at) != WordBefore(at),
        _ => WordAt(at) == WordBefore(at),
    };

    private bool WordAt(int at) => at < text.Length && CodePointSet.IsWord(CodePoints.At(text, at, out _));

    private bool WordBefore(int at) => at > 0 && CodePointSet.IsWord(CodePoints.Before(text, at, out _));

    private enum FrameKind
    {
        Branch,
        Loop,
        Slot,
    }

    private readonly record struct Frame(FrameKind Kind, int Next, int At, int Least);
}
