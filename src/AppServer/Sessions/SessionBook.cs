using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The sessions this server knows: opens, verifies, renews and ends them. Cookies are self-contained, so any server with the same secrets verifies them and a restart signs nobody
/// out; what was verified is remembered, because a hash per request is dearer than a look-up. Signing out is remembered by this server until the cookie would have expired (or it restarts).
/// </summary>
internal sealed class SessionBook(SessionTokens tokens, TimeProvider time)
{
    private const int IdBytes = 12;

    private readonly ConcurrentDictionary<string, Session> _verified = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _revoked = new(StringComparer.Ordinal);
    private int _verifiedCount;
    private int _revokedCount;
    private int _ends;

    /// <summary>Raised when a session is signed out, with its id.</summary>
    public event Action<string>? Ended;

    /// <summary>Rises whenever a session is signed out: who holds a session found before looks it up again then.</summary>
    public int Ends => Volatile.Read(ref _ends);

    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    public Session Open(string user) => Make(user, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)));

    /// <summary>The same session with a later end.</summary>
    public Session Renew(Session session) => Make(session.User, session.Id);

    public bool IsRenewalDue(Session session) => Now - session.Issued >= (long)AppServerLimits.SessionRenewal.TotalSeconds;

    public string Token(Session session) => tokens.Sign(session);

    /// <summary>Whom a cookie's value stands for; null if it is forged, expired or signed out.</summary>
    public Session? Find(ReadOnlySpan<char> token)
    {
        if (!_verified.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var session))
        {
            if (!tokens.TryVerify(token, out session))
            {
                return null;
            }

            session.Revoked = _revoked.ContainsKey(session.Id);
            Remember(token.ToString(), session);
        }

        return session.IsAlive(Now) ? session : null;
    }

    public void End(Session session)
    {
        session.Revoked = true;
        Forget(session);
        Interlocked.Increment(ref _ends);
        foreach (var verified in _verified.Values)
        {
            if (verified.Id == session.Id)
            {
                verified.Revoked = true;
            }
        }

        Ended?.Invoke(session.Id);
    }

    private Session Make(string user, string id)
    {
        var now = Now;
        return new Session(user, id, now, now + (long)AppServerLimits.SessionLife.TotalSeconds);
    }

    private void Remember(string token, Session session)
    {
        if (Interlocked.Increment(ref _verifiedCount) > AppServerLimits.VerifiedSessions)
        {
            _verified.Clear();
            Volatile.Write(ref _verifiedCount, 1);
        }

        _verified[token] = session;

        // Signed out between the look-up before and being remembered: then End has not seen it here.
        session.Revoked |= _revoked.ContainsKey(session.Id);
    }

    private void Forget(Session session)
    {
        if (Interlocked.Increment(ref _revokedCount) > AppServerLimits.RevokedSessions)
        {
            DropExpired();
        }

        // A renewed cookie of this session may end later than the one at hand.
        _revoked[session.Id] = Now + (long)AppServerLimits.SessionLife.TotalSeconds;
    }

    /// <summary>Expired ones first; if all are still young, the ones that end first are worth the least.</summary>
    private void DropExpired()
    {
        var now = Now;
        foreach (var (id, _) in _revoked.OrderBy(entry => entry.Value).Where((entry, i) => entry.Value <= now || i < AppServerLimits.RevokedSessions / 2))
        {
            _revoked.TryRemove(id, out _);
        }

        Volatile.Write(ref _revokedCount, _revoked.Count);
    }
}
