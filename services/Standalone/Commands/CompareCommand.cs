using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Scores;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd compare</c>: two models of a run, task by task.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var first = new Argument<string>("a") { Description = "A model: its id, or base, or best" };
        var second = new Argument<string>("b") { Description = "Another" };
        var run = RunOption.Create();
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("compare", "Compares two models of a run: scores, differences and their standard errors. Example: lamd compare base best") { first, second, run, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = RunFolder.Open(arguments.GetValue(run));
            await using var store = await OpenedStore.OpenAsync(folder, mustExist: true, cancellation);
            var a = await ModelFacts.FindAsync(folder, store, arguments.GetValue(first)!, cancellation);
            var b = await ModelFacts.FindAsync(folder, store, arguments.GetValue(second)!, cancellation);
            var rows = Rows("validation", a.Validation, b.Validation).Concat(Rows("test", a.Test, b.Test)).ToList();
            if (rows.Count == 0)
            {
                throw new InvalidInputException($"{a.Record.Id} and {b.Record.Id} have no evaluation in common yet");
            }

            if (arguments.GetValue(json))
            {
                Console.WriteLine(new JsonObject
                {
                    ["a"] = a.Record.Id,
                    ["b"] = b.Record.Id,
                    ["tasks"] = new JsonArray([.. rows.Select(row => (JsonNode)row.ToJson())]),
                }.ToJsonString(DomainJson.Options));
                return ExitCodes.Done;
            }

            Console.WriteLine($"{"",-36} {a.Record.Id,16} {b.Record.Id,16}   difference");
            foreach (var row in rows)
            {
                Console.WriteLine(row.ToText());
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static IEnumerable<Row> Rows(string split, EvaluationRecord? a, EvaluationRecord? b) =>
        a is null || b is null
            ? []
            : from left in a.Tasks
              join right in b.Tasks on left.TaskId equals right.TaskId
              select new Row(split, left, right);

    private sealed record Row(string Split, TaskScore A, TaskScore B)
    {
        private ScoreDifference Difference => ScoreDifference.Between((A.Score, A.StandardError), (B.Score, B.StandardError));

        private string Verdict => Difference.IsBeyondNoise switch
        {
            true => Difference.Value > 0 ? "better" : "worse",
            false => "within noise",
            null => "noise unknown",
        };

        public string ToText() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Split,-10} {A.TaskId,-25} {ScoreText.Of(A.Score, A.StandardError),15}  {ScoreText.Of(B.Score, B.StandardError),15}   {Difference.Value:+0.000;-0.000} ± {Difference.StandardError?.ToString("F3", CultureInfo.InvariantCulture) ?? "?"}  {Verdict}");

        public JsonObject ToJson() => new()
        {
            ["split"] = Split,
            ["task"] = A.TaskId,
            ["a"] = A.Score,
            ["a_stderr"] = A.StandardError,
            ["b"] = B.Score,
            ["b_stderr"] = B.StandardError,
            ["difference"] = Difference.Value,
            ["stderr"] = Difference.StandardError,
            ["verdict"] = Verdict,
        };
    }
}
