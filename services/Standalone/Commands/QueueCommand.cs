using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Hosting.Bus;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd queue</c>: the messages that a planner service's system could not deal with.</summary>
internal static class QueueCommand
{
    private const int Shown = 100;

    public static Command Create() => new("queue", "Looks at messages that could not be dealt with, and sends them again") { Errors(), Retry() };

    private static Command Errors()
    {
        var planner = PlannerOption.Create(required: true);
        var queue = new Option<string?>("--queue") { Description = "Only those of this queue, e.g. train-model" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON array, an object a queue" };
        var command = new Command("errors", "Lists dead letters; nothing is taken away. Example: lamd queue errors --planner http://127.0.0.1:8080") { queue, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            var queues = await client.DeadLettersAsync(arguments.GetValue(queue), Shown, cancellation);
            if (arguments.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(queues, DomainJson.Options));
                return ExitCodes.Done;
            }

            foreach (var each in queues)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each.Queue}: {each.Total}{(each.Messages.Count < each.Total ? $", {each.Messages.Count} of them:" : "")}"));
                foreach (var letter in each.Messages)
                {
                    Console.WriteLine("  " + Line(letter));
                }
            }

            await Console.Error.WriteLineAsync(queues.Count == 0 ? "no dead letters" : "send them again with: lamd queue retry [QUEUE] --all, or --message ID");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Retry()
    {
        var planner = PlannerOption.Create(required: true);
        var queue = new Argument<string?>("queue") { Description = "Only those of this queue, e.g. train-model (default: of all queues)", Arity = ArgumentArity.ZeroOrOne };
        var message = new Option<string?>("--message") { Description = "Only the message with this id" };
        var all = new Option<bool>("--all") { Description = "All messages" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("retry", "Puts dead letters back into their queues. Example: lamd queue retry train-model --all --planner http://127.0.0.1:8080") { queue, message, all, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            if (arguments.GetValue(all) == (arguments.GetValue(message) is not null))
            {
                throw new InvalidInputException("say which messages: either --message ID or --all");
            }

            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            var moved = (await client.RetryDeadLettersAsync(arguments.GetValue(queue), arguments.GetValue(message), cancellation)).Moved;
            Console.WriteLine(arguments.GetValue(json) ? JsonSerializer.Serialize(new { moved }, DomainJson.Options) : string.Create(CultureInfo.InvariantCulture, $"{moved} put back"));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Line(DeadLetter letter)
    {
        var about = letter.SearchId is null ? "" : letter.StepId is null ? $"  {letter.SearchId}" : $"  {letter.SearchId}/{letter.StepId}";
        var times = letter.Deliveries is { } deliveries ? string.Create(CultureInfo.InvariantCulture, $"  tried {deliveries} times") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{letter.FailedAt:yyyy-MM-dd HH:mm:ssK}  {letter.MessageType ?? "unreadable"}{about}  {(letter.ExceptionType is null ? "" : $"{letter.ExceptionType}: ")}{letter.Reason}{times}  id {letter.MessageId ?? "none"}");
    }
}
