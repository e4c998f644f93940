using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>
/// Translation edit rate (Snover et al., 2006) as sacreBLEU 2 computes it: edits and shifts of word blocks to the nearest reference, over the average
/// length of the references; lower-cased, words between white space, percent. Less is better.
/// </summary>
internal static class Ter
{
    private const int MaxShiftSize = 10;
    private const int MaxShiftDistance = 50;
    private const int MaxCandidates = 1000;

    /// <summary>Statistics of a segment: edits and reference length.</summary>
    public static double[] Statistics(string answer, IReadOnlyList<string> references)
    {
        var words = Words(answer);
        var others = references.Select(Words).ToList();
        return [others.Min(other => Edits(words, other)), (double)others.Sum(other => other.Count) / others.Count];
    }

    /// <summary>The score of summed statistics.</summary>
    public static double Score(double[] statistics) => 100 * (statistics[1] > 0 ? statistics[0] / statistics[1] : statistics[0] > 0 ? 1 : 0);

    private static List<string> Words(string text) => PythonText.Split(PythonText.Lower(PythonText.RightStrip(text)));

    private static int Edits(List<string> words, List<string> reference)
    {
        if (reference.Count == 0)
        {
            return words.Count;
        }

        var distance = new BeamEditDistance(reference);
        var (shifts, candidates) = (0, 0);
        while (true)
        {
            var (gain, shifted) = BestShift(words, reference, distance, ref candidates);
            if (candidates >= MaxCandidates || gain <= 0)
            {
                return shifts + distance.Of(words).Distance;
            }

            shifts++;
            words = shifted;
        }
    }

    // The shift that saves most edits; among equals the longest, then the earliest block, then the earliest place, then the words themselves.
    private static (int Gain, List<string> Words) BestShift(List<string> words, List<string> reference, BeamEditDistance distance, ref int candidates)
    {
        var (before, operations) = distance.Of(words);
        var alignment = new ShiftAlignment(operations);
        (int Gain, int Length, int Start, int Target, List<string> Words)? best = null;
        foreach (var (start, referenceStart, length) in CommonBlocks(words, reference))
        {
            // Both sides must be wrong now, and a block does not move within itself.
            if (!alignment.AnswerIsWrong(start, length) || !alignment.ReferenceIsWrong(referenceStart, length)
                || (start <= alignment.Of(referenceStart) && alignment.Of(referenceStart) < start + length))
            {
                continue;
            }

            var previous = -1;
            for (var offset = -1; offset < length; offset++)
            {
                int target;
                if (referenceStart + offset == -1)
                {
                    target = 0;
                }
                else if (alignment.Contains(referenceStart + offset))
                {
                    target = alignment.Of(referenceStart + offset) + 1;
                }
                else
                {
                    break;
                }

                if (target == previous)
                {
                    continue;
                }

                previous = target;
                var shifted = Shift(words, start, length, target);
                var candidate = (Gain: before - distance.Of(shifted).Distance, Length: length, Start: -start, Target: -target, Words: shifted);
                candidates++;
                if (best is null || Compare(candidate, best.Value) > 0)
                {
                    best = candidate;
                }
            }

            if (candidates >= MaxCandidates)
            {
                break;
            }
        }

        return best is null ? (0, words) : (best.Value.Gain, best.Value.Words);
    }

    private static int Compare((int Gain, int Length, int Start, int Target, List<string> Words) a, (int Gain, int Length, int Start, int Target, List<string> Words) b)
    {
        var order = (a.Gain, a.Length, a.Start, a.Target).CompareTo((b.Gain, b.Length, b.Start, b.Target));
        return order != 0 ? order : a.Words.Zip(b.Words, string.CompareOrdinal).FirstOrDefault(difference => difference != 0);
    }

    private static IEnumerable<(int Start, int ReferenceStart, int Length)> CommonBlocks(List<string> words, List<string> reference)
    {
        for (var start = 0; start < words.Count; start++)
        {
            for (var other = 0; other < reference.Count; other++)
            {
                for (var length = 0; Math.Abs(other - start) <= MaxShiftDistance && length < MaxShiftSize
                    && start + length < words.Count && other + length < reference.Count && words[start + length] == reference[other + length];)
                {
                    yield return (start, other, ++length);
                }
            }
        }
    }

    private static List<string> Shift(List<string> words, int start, int length, int target)
    {
        var block = words[start..(start + length)];
        return target < start ? [.. words[..target], .. block, .. words[target..start], .. words[(start + length)..]]
            : target > start + length ? [.. words[..start], .. words[(start + length)..target], .. block, .. words[target..]]
            : [.. words[..start], .. words[(start + length)..Math.Min(words.Count, length + target)], .. block, .. words[Math.Min(words.Count, length + target)..]];
    }
}
