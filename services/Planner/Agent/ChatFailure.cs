namespace LamdAgent.Planner.Agent;

/// <summary>Why no usable answer came.</summary>
public enum ChatFailure
{
    /// <summary>The endpoint's content filter refused question or answer. Asking the same again is useless.</summary>
    ContentFiltered,

    /// <summary>429; worth a second try after a wait.</summary>
    RateLimited,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>No connection, or the server failed (5xx).</summary>
    Unavailable,

    /// <summary>The endpoint refuses the request as it is (400, 401, 404 ...): key, model name or address are wrong.</summary>
    Refused,

    /// <summary>An answer that is none: not the API's form, or empty.</summary>
    Malformed,
}
