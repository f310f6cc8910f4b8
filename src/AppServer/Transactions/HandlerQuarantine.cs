using System.Collections.Concurrent;

namespace Mjolnir.AppServer.Transactions;

/// <summary>
/// Keeps handlers that run into their limits from eating the lane: whoever called one pauses for ten times what it took, and the handler itself for four
/// times, so that all its runs together take a fifth of the lane at most. Thread-safe.
/// </summary>
internal sealed class HandlerQuarantine(TimeProvider time)
{
    private const int ForCaller = 10;
    private const int ForEveryone = 4;
    private const int MaxEntries = 10_000;

    private readonly ConcurrentDictionary<(string Handler, string? Caller), long> _until = new();

    /// <summary>Seconds to wait before the handler may be called by this user again; 0 if it may run now.</summary>
    public int SecondsLeft(string handler, string? user) =>
        _until.IsEmpty ? 0 : Math.Max(Left((handler, null)), Left((handler, user ?? "")));

    public void TookTooLong(string handler, string? user, TimeSpan took)
    {
        if (_until.Count > MaxEntries)
        {
            ForgetOver();
        }

        Pause((handler, null), took * ForEveryone);
        Pause((handler, user ?? ""), took * ForCaller);
    }

    private void Pause((string, string?) who, TimeSpan pause) =>
        _until[who] = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);

    private int Left((string Handler, string? Caller) who)
    {
        if (!_until.TryGetValue(who, out var until))
        {
            return 0;
        }

        var left = until - time.GetTimestamp();
        if (left <= 0)
        {
            _until.TryRemove(who, out _);
            return 0;
        }

        return (int)Math.Ceiling((double)left / time.TimestampFrequency);
    }

    private void ForgetOver()
    {
        var now = time.GetTimestamp();
        foreach (var (who, until) in _until)
        {
            if (until <= now)
            {
                _until.TryRemove(who, out _);
            }
        }
    }
}
