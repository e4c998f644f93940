namespace LamdAgent.Tokenization.Patterns;

/// <summary>The parts a pattern is made of.</summary>
internal abstract record PatternNode
{
    internal sealed record Empty : PatternNode;

    internal sealed record Literal(int CodePoint) : PatternNode;

    internal sealed record Set(CodePointSet Members) : PatternNode;

    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    internal sealed record Alternatives(IReadOnlyList<PatternNode> Parts) : PatternNode;

    internal sealed record Repeat(PatternNode Body, int Min, int? Max, RepeatMode Mode) : PatternNode;

    internal sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode;

    internal sealed record Atomic(PatternNode Body) : PatternNode;

    internal sealed record Anchor(AnchorKind Kind) : PatternNode;

    internal enum RepeatMode
    {
        Greedy,
        Lazy,
        Possessive,
    }

    internal enum AnchorKind
    {
        TextStart,
        TextEnd,
        TextEndOrFinalNewline,
        LineStart,
        LineEnd,
        WordBoundary,
        NotWordBoundary,
    }

    /// <summary>The number of code points the node takes: least and most (null: no limit).</summary>
    public (int Min, int? Max) Width() => this switch
    {
        Literal or Set => (1, 1),
        Sequence sequence => sequence.Parts.Select(part => part.Width()).Aggregate((Min: 0, Max: (int?)0), (sum, w) => (sum.Min + w.Min, sum.Max + w.Max)),
        Alternatives alternatives => alternatives.Parts.Select(part => part.Width())
            .Aggregate((a, b) => (Math.Min(a.Min, b.Min), a.Max is null || b.Max is null ? null : Math.Max(a.Max.Value, b.Max.Value))),
        Repeat repeat => (repeat.Body.Width().Min * repeat.Min, repeat.Max * repeat.Body.Width().Max),
        Atomic atomic => atomic.Body.Width(),
        _ => (0, 0),
    };
}
