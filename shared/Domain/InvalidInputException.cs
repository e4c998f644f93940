namespace LamdAgent.Domain;

/// <summary>
/// What a person gave (a file, a key, a value, an argument) cannot be used. The command line prints the message as one line and exits with code 2;
/// a worker turns it into a <c>...Rejected</c> result. The message names the place, what is wrong and what would be right.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>An error without a place in a file.</summary>
    public InvalidInputException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>An error at a place in a file, written <c>file:line: message</c> as compilers do.</summary>
    /// <param name="file">Path as the person gave it.</param>
    /// <param name="line">Line, counted from 1; null when the whole file is meant.</param>
    public InvalidInputException(string file, int? line, string message, Exception? inner = null)
        : base(line is null ? $"{file}: {message}" : $"{file}:{line}: {message}", inner)
    {
        File = file;
        Line = line;
    }

    /// <summary>The file the error is in, or null.</summary>
    public string? File { get; }

    /// <summary>The line in <see cref="File"/>, counted from 1, or null.</summary>
    public int? Line { get; }
}
