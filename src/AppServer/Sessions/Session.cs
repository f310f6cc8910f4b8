namespace Mjolnir.AppServer.Sessions;

/// <summary>One sign-in of one user in one browser.</summary>
/// <param name="user">who</param>
/// <param name="id">random, the same for the whole life of the sign-in</param>
/// <param name="issued">when its cookie was made, Unix seconds</param>
/// <param name="expires">when its cookie ends, Unix seconds</param>
internal sealed class Session(string user, string id, long issued, long expires)
{
    private volatile bool _revoked;

    public string User { get; } = user;

    public string Id { get; } = id;

    public long Issued { get; } = issued;

    public long Expires { get; } = expires;

    /// <summary>Signed out.</summary>
    public bool Revoked
    {
        get => _revoked;
        set => _revoked = value;
    }

    public bool IsAlive(long unixSeconds) => !_revoked && unixSeconds < Expires;
}
