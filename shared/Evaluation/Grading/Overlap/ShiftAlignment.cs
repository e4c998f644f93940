namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>Which word of the answer stands for which word of the reference, and which words are wrong, read off the edit operations.</summary>
internal sealed class ShiftAlignment
{
    private readonly List<int> _positions = [];
    private readonly List<bool> _referenceErrors = [];
    private readonly List<bool> _answerErrors = [];

    public ShiftAlignment(string operations)
    {
        var answer = -1;
        foreach (var operation in operations)
        {
            // 'd' takes a word of the answer away, 'i' puts in one of the reference.
            if (operation is not 'i')
            {
                answer++;
                _answerErrors.Add(operation != ' ');
            }

            if (operation is not 'd')
            {
                _positions.Add(answer);
                _referenceErrors.Add(operation != ' ');
            }
        }
    }

    public bool Contains(int reference) => reference >= 0 && reference < _positions.Count;

    public int Of(int reference) => _positions[reference];

    public bool AnswerIsWrong(int start, int length) => _answerErrors.Skip(start).Take(length).Any(wrong => wrong);

    public bool ReferenceIsWrong(int start, int length) => _referenceErrors.Skip(start).Take(length).Any(wrong => wrong);
}
