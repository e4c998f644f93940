namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Something a template can call: a macro, a global function or a method bound to its value.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Invoke">Runs it.</param>
/// <param name="IsMacro">Whether the template itself defined it.</param>
internal sealed record TemplateFunction(string Name, Func<CallArguments, object> Invoke, bool IsMacro = false);
