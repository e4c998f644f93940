namespace LamdAgent.Tokenization.Templates;

/// <summary>Why a template could not be read or rendered.</summary>
public enum ChatTemplateError
{
    /// <summary>The template cannot be parsed, or asks for a part of Jinja that is not supported.</summary>
    Syntax,

    /// <summary>The template itself called <c>raise_exception</c>.</summary>
    RaisedException,

    /// <summary>Something that is not there was used.</summary>
    Undefined,

    /// <summary>An operation on values of the wrong type, or with a wrong value.</summary>
    Type,

    /// <summary>The template reached for what templates may not touch (attributes with underscores, methods that change data).</summary>
    Forbidden,

    /// <summary>Too many steps, too much output or too deep a nesting.</summary>
    Limit,
}
