using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The sessions this server knows: opens, verifies, renews and ends them. Cookies are self-contained, so any server with the same secrets verifies them and a restart signs nobody
/// out; what was verified is remembered, because a hash per request is dearer than a look-up. What was signed out is in <see cref="EndedSessions"/>, looked up when a cookie is met first and once a minute then.
/// </summary>
internal sealed class SessionBook
{
    private const int IdBytes = 12;

    private readonly SessionTokens _tokens;
    private readonly EndedSessions _ended;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Session> _verified = new(StringComparer.Ordinal);
    private int _verifiedCount;
    private int _ends;

    public SessionBook(SessionTokens tokens, EndedSessions ended, TimeProvider time)
    {
        (_tokens, _ended, _time) = (tokens, ended, time);
        ended.Changed += Apply;
    }

    /// <summary>Rises whenever a session is told to be signed out: who holds a session found before looks it up again then, for the book may have forgotten it.</summary>
    public int Ends => Volatile.Read(ref _ends);

    public long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    public Session Open(string user) => Make(user, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)));

    /// <summary>The same session with a later end.</summary>
    public Session Renew(Session session) => Make(session.User, session.Id);

    public bool IsRenewalDue(Session session) => Now - session.Issued >= (long)AppServerLimits.SessionRenewal.TotalSeconds;

    public string Token(Session session) => _tokens.Sign(session);

    /// <summary>Whom a cookie's value stands for; null if it is forged, expired, or known here to be signed out. What else is signed out, <see cref="CheckedAsync"/> tells.</summary>
    public Session? Find(ReadOnlySpan<char> token)
    {
        if (!_verified.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var session))
        {
            if (!_tokens.TryVerify(token, out session))
            {
                return null;
            }

            Remember(token.ToString(), session);
        }

        return session.IsAlive(Now) ? session : null;
    }

    /// <summary>The session; null if it was signed out anywhere. At no cost for a session that was looked up within the last minute.</summary>
    /// <exception cref="SessionsUnknownException">it was never looked up here, and cannot be at the moment</exception>
    public ValueTask<Session?> CheckedAsync(Session session, CancellationToken cancellationToken) =>
        _time.GetTimestamp() < session.CheckDue ? new(session.IsAlive(Now) ? session : null) : LookUpAsync(session, cancellationToken);

    /// <summary>Signs a session out on every server, for good. False: that cannot be done at the moment.</summary>
    public ValueTask<bool> EndAsync(Session session, CancellationToken cancellationToken) => _ended.EndAsync(session, Now, cancellationToken);

    private async ValueTask<Session?> LookUpAsync(Session session, CancellationToken cancellationToken)
    {
        var news = _ended.News;
        var wait = AppServerLimits.SessionCheck;
        try
        {
            session.Revoked |= (await _ended.ReadAsync(session.User, cancellationToken)).Has(session);
        }
        catch (TimeoutException) when (session.WasChecked)
        {
            // The row's shard is healing: who was signed in a minute ago goes on.
            wait = AppServerLimits.EndedSessionRetry;
        }
        catch (TimeoutException fault)
        {
            throw new SessionsUnknownException(fault);
        }

        // Signed out while the answer was under way: then it is asked again at the next use.
        session.CheckDue = news == _ended.News ? _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency) : Session.NeverChecked + 1;
        return session.IsAlive(Now) ? session : null;
    }

    private void Apply(string user, SignedOut ended)
    {
        foreach (var session in _verified.Values)
        {
            if (session.User == user)
            {
                session.Revoked |= ended.Has(session);
            }
        }

        // Only now: who sees the number sees what is marked.
        Interlocked.Increment(ref _ends);
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
    }
}
