namespace Mjolnir.AppServer.Sessions;

/// <summary>Whether a session was signed out cannot be found out at the moment, and it was never found out here: the request is refused for now, because neither "nobody" nor "still signed in" would be true.</summary>
internal sealed class SessionsUnknownException(Exception reason) : Exception("Whether this session was signed out cannot be read at the moment.", reason);
