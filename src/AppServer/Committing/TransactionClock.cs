using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Committing;

/// <summary>Where a transaction's time goes: marks taken as it walks through the committer.</summary>
internal sealed class TransactionClock
{
    private long _firstRun;
    private long _lastRunBegan;
    private long _lastRunEnded;
    private long _logBegan;
    private long _ran;
    private int _runs;

    /// <summary>Rows are asked for before the first run.</summary>
    public void ReadBegins(TimeProvider time) => _firstRun = time.GetTimestamp();

    public void RunBegins(TimeProvider time)
    {
        _lastRunBegan = time.GetTimestamp();
        _firstRun = _firstRun == 0 ? _lastRunBegan : _firstRun;
        _runs++;
        _logBegan = 0;
    }

    public void RunEnds(TimeProvider time)
    {
        _lastRunEnded = time.GetTimestamp();
        _ran += _lastRunEnded - _lastRunBegan;
    }

    public void LogBegins(TimeProvider time) => _logBegan = time.GetTimestamp();

    /// <summary>The parts, up to now. A read-only transaction spends no time at the log.</summary>
    public TransactionTiming Read(long arrived, TimeProvider time)
    {
        var now = time.GetTimestamp();
        if (_runs == 0)
        {
            return new TransactionTiming(Microseconds(now - arrived, time), 0, 0, 0, 0, 0);
        }

        var logBegan = _logBegan == 0 ? now : _logBegan;
        return new TransactionTiming(
            Microseconds(_firstRun - arrived, time),
            Microseconds(_lastRunEnded - _firstRun - _ran, time),
            Microseconds(_ran, time),
            Microseconds(logBegan - _lastRunEnded, time),
            Microseconds(now - logBegan, time),
            _runs);
    }

    private static int Microseconds(long ticks, TimeProvider time) => (int)(ticks * 1_000_000 / time.TimestampFrequency);
}
