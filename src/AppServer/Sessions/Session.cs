namespace Mjolnir.AppServer.Sessions;

/// <summary>One sign-in of one user in one browser.</summary>
/// <param name="user">who</param>
/// <param name="id">random, the same for the whole life of the sign-in</param>
/// <param name="issued">when its cookie was made, Unix seconds</param>
/// <param name="expires">when its cookie ends, Unix seconds</param>
internal sealed class Session(string user, string id, long issued, long expires)
{
    /// <summary>A <see cref="CheckDue"/> before any.</summary>
    public const long NeverChecked = long.MinValue;

    private volatile bool _revoked;
    private long _checkDue = NeverChecked;

    public string User { get; } = user;

    public string Id { get; } = id;

    public long Issued { get; } = issued;

    public long Expires { get; } = expires;

    /// <summary>The clock's timestamp from which on it must be looked up whether it was signed out elsewhere.</summary>
    public long CheckDue
    {
        get => Volatile.Read(ref _checkDue);
        set => Volatile.Write(ref _checkDue, value);
    }

    /// <summary>It has been looked up before.</summary>
    public bool WasChecked => CheckDue != NeverChecked;

    /// <summary>Signed out.</summary>
    public bool Revoked
    {
        get => _revoked;
        set => _revoked = value;
    }

    public bool IsAlive(long unixSeconds) => !_revoked && unixSeconds < Expires;
}
