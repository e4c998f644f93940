using LamdAgent.Domain;

namespace LamdAgent.Evaluation;

/// <summary>Finds task files.</summary>
public static class EvaluationTasks
{
    /// <summary>Loads the tasks that somebody named.</summary>
    /// <param name="names">Files separated by commas, or folders, whose <c>.yaml</c> files are taken in alphabetical order.</param>
    /// <exception cref="InvalidInputException">A file is missing or wrong, a folder holds no tasks, or two tasks have the same name.</exception>
    public static List<EvaluationTask> Load(string names)
    {
        var tasks = new List<EvaluationTask>();
        foreach (var name in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var files = Directory.Exists(name) ? Directory.GetFiles(name, "*.yaml").Order(StringComparer.Ordinal).ToArray() : [name];
            if (files.Length == 0)
            {
                throw new InvalidInputException(name, null, "the folder holds no task files (*.yaml)");
            }

            tasks.AddRange(files.Select(EvaluationTask.Load));
        }

        // Samples files are named after tasks.
        return tasks.Count == 0 ? throw new InvalidInputException("no task files are named")
            : tasks.CountBy(task => task.Name).FirstOrDefault(pair => pair.Value > 1).Key is { } twice
                ? throw new InvalidInputException($"two of the tasks are called '{twice}'")
                : tasks;
    }
}
