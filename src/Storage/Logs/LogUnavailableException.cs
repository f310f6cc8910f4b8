namespace Mjolnir.Storage.Logs;

/// <summary>
/// The broker does not answer, or the connection to it ended. Nothing is lost: the caller tries again within its limits; a consumer is opened anew and gets again what was not
/// acknowledged. Publishing never throws it: what is not known there is <see cref="PublishOutcome.Unknown"/>.
/// </summary>
public sealed class LogUnavailableException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>The broker answers and lets this user or this virtual host not in: trying again changes nothing until somebody changes something.</summary>
    public bool IsRefusal { get; init; }
}
