using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Evaluation.Data;

/// <summary>A row of a file and where it stands.</summary>
public sealed record JsonRow(string File, int Line, JsonElement Value)
{
    /// <summary>Runs something on the row; what is wrong with it is said with the row's place.</summary>
    /// <exception cref="InvalidInputException">What <paramref name="action"/> throws, with file and line.</exception>
    public T Use<T>(Func<JsonElement, T> action)
    {
        try
        {
            return action(Value);
        }
        catch (InvalidInputException e) when (e.File is null)
        {
            throw new InvalidInputException(File, Line, e.Message, e);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException e)
        {
            throw new InvalidInputException(File, Line, $"a regular expression needs more than {e.MatchTimeout.TotalSeconds:0} s on this text; it cannot be graded", e);
        }
    }
}
