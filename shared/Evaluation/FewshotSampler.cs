using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Evaluation;

/// <summary>
/// Chooses the solved examples before a question. The choice depends on the seed and the question's content alone, not on its place or on other
/// questions, so it survives a limit and a re-ordered file. An example that is the question itself, or asks the same, is never shown.
/// </summary>
internal sealed class FewshotSampler
{
    private readonly EvaluationTask _task;
    private readonly List<(JsonElement Row, string Question)> _pool;

    public FewshotSampler(EvaluationTask task)
    {
        _task = task;
        _pool = task.NumFewshot == 0 ? [] : [.. task.ReadFewshotRows().Select(row => row.Use(value =>
        {
            task.Prompt.Target!.Render(value);
            return (value, task.Prompt.Text!.Render(value));
        }))];
    }

    public IReadOnlyList<JsonElement> For(JsonElement row)
    {
        if (_task.NumFewshot == 0)
        {
            return [];
        }

        var question = _task.Prompt.Text!.Render(row);
        var candidates = _pool.Where(shot => shot.Question != question).Select(shot => shot.Row).ToArray();
        if (candidates.Length < _task.NumFewshot)
        {
            throw new InvalidInputException($"{_task.NumFewshot} examples are wanted, and the few-shot data has only {candidates.Length} others");
        }

        if (_task.FewshotFirst)
        {
            return candidates[.._task.NumFewshot];
        }

        var random = new Random(_task.FewshotSeed ^ BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(question))));
        for (var i = 0; i < _task.NumFewshot; i++)
        {
            var j = random.Next(i, candidates.Length);
            (candidates[i], candidates[j]) = (candidates[j], candidates[i]);
        }

        return candidates[.._task.NumFewshot];
    }
}
