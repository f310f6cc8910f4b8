using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>What to drive, and how.</summary>
/// <param name="Servers">loopback or remote addresses; connections are dealt out to them in turn</param>
/// <param name="Cookies">one signed-in user per connection; their number is the number of connections. Null: nobody</param>
/// <param name="Accounts">accounts to choose from</param>
/// <param name="Skew">Zipf's exponent; 0 is uniform</param>
/// <param name="WarmUp">not measured</param>
/// <param name="Duration">measured</param>
/// <param name="Seed">of the choice of accounts</param>
/// <param name="PerSecond">transfers a second over all connections, sent when they are due or as soon as their connection is free; 0: as many as go</param>
internal sealed record Load(IReadOnlyList<IPEndPoint> Servers, IReadOnlyList<string?> Cookies, int Accounts, double Skew, TimeSpan WarmUp, TimeSpan Duration, int Seed, int PerSecond = 0);

/// <summary>
/// Drives transfers from one thread over many connections, one request under way on each. It shares the machine with the server, so it is made to cost little:
/// one poll for all sockets, no tasks, no allocation per request, no JSON on the way back. With a rate, latency counts from when a transfer was due, so that a server that stalls
/// cannot hide it by keeping the client from asking.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private static readonly byte[] NotEnoughMoney = "enough"u8.ToArray();

    private readonly Load _load;
    private readonly AccountPicker _picker;
    private readonly List<LoadConnection> _connections = [];
    private readonly Dictionary<Socket, LoadConnection> _bySocket = [];
    private readonly List<LoadConnection> _paused = [];
    private readonly List<Socket> _ready = [];
    private readonly long _interval;
    private LoadClock _clock = null!;
    private bool _lost;
    private long _answers;

    public LoadClient(Load load)
    {
        _load = load;
        _interval = load.PerSecond == 0 ? 0 : Stopwatch.Frequency * load.Cookies.Count / load.PerSecond;
        _picker = new AccountPicker(load.Accounts, load.Skew, load.Seed);
        Figures = new LoadFigures((int)(load.Duration / BenchLimits.Interval) + 1);
        foreach (var (i, cookie) in load.Cookies.Index())
        {
            var server = load.Servers[i % load.Servers.Count];
            var connection = new LoadConnection(server, new TransferRequest(server.ToString(), cookie));
            _connections.Add(connection);
            _bySocket.Add(connection.Socket, connection);
        }
    }

    public LoadFigures Figures { get; }

    /// <summary>Warms up, measures, waits for the last answers. Blocks its thread all the while.</summary>
    /// <param name="measuring">called when the warm-up is over, on another thread: it may ask the server for its counters</param>
    /// <param name="cancellationToken">ends the run early</param>
    public void Run(Action measuring, CancellationToken cancellationToken)
    {
        _clock = new LoadClock(_load.WarmUp, _load.Duration);
        var told = Task.CompletedTask;
        var now = Stopwatch.GetTimestamp();
        Begin(now);
        for (; !_clock.IsOver(now) && !_lost && !cancellationToken.IsCancellationRequested; now = Stopwatch.GetTimestamp())
        {
            if (told == Task.CompletedTask && _clock.HasBegun(now))
            {
                told = Task.Run(measuring, CancellationToken.None);
            }

            Turn(now, sendMore: true);
        }

        Figures.Measured = _clock.Elapsed(now);
        WaitForLastAnswers(now);
        told.GetAwaiter().GetResult();
    }

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    /// <summary>All at once, or each in its turn within the first interval.</summary>
    private void Begin(long now)
    {
        foreach (var (i, connection) in _connections.Index())
        {
            connection.DueAt = now + (_interval * i / _connections.Count);
            GoOn(connection, now);
        }
    }

    /// <summary>Sends the next transfer, or lets its connection wait until it is due.</summary>
    private void GoOn(LoadConnection connection, long now)
    {
        if (connection.DueAt > now)
        {
            (connection.ResumeAt, connection.IsEarly) = (connection.DueAt, true);
            _paused.Add(connection);
            return;
        }

        SendNext(connection, _interval == 0 ? now : connection.DueAt);
        connection.DueAt += _interval;
    }

    private void WaitForLastAnswers(long end)
    {
        var patience = end + Ticks(BenchLimits.LastAnswers);
        while (_bySocket.Count > _paused.Count && Stopwatch.GetTimestamp() < patience)
        {
            Turn(Stopwatch.GetTimestamp(), sendMore: false);
        }

        for (var missing = _bySocket.Count - _paused.Count; missing > 0; missing--)
        {
            Fail("no answer came");
        }
    }

    /// <summary>One round: resume who has paused long enough, wait for answers, take each, send the next.</summary>
    private void Turn(long now, bool sendMore)
    {
        if (sendMore)
        {
            Resume(now);
        }

        _ready.Clear();
        _ready.AddRange(_bySocket.Keys);
        Socket.Select(_ready, null, null, microSeconds: 1000);
        foreach (var socket in _ready)
        {
            var connection = _bySocket[socket];
            if (connection.TryReceive(out var answer))
            {
                Take(connection, answer, sendMore);
            }

            if (connection.Ended)
            {
                Fail("the server closed a connection");
                _bySocket.Remove(socket);
            }
        }

        _lost = _bySocket.Count == 0;
    }

    private void Take(LoadConnection connection, HttpAnswer answer, bool sendMore)
    {
        var now = Stopwatch.GetTimestamp();
        _answers++;
        if (answer.Status is 429 or 503)
        {
            Pause(connection, answer, now);
            return;
        }

        Count(connection, answer, now);
        if (sendMore)
        {
            GoOn(connection, now);
        }
        else
        {
            _bySocket.Remove(connection.Socket);
        }
    }

    private void Count(LoadConnection connection, HttpAnswer answer, long now)
    {
        var measured = _clock.IsMeasured(now);
        if (answer.Status == 200)
        {
            Figures.CommittedEver++;
            if (measured)
            {
                Committed(connection, answer, now);
            }
        }
        else if (answer.Status == 409 && answer.Body.IndexOf(NotEnoughMoney) >= 0)
        {
            Figures.Aborted += measured ? 1 : 0;
        }
        else if (answer.Status == 409)
        {
            Figures.Conflicts++;
            Figures.FirstFailure ??= Encoding.UTF8.GetString(answer.Body);
        }
        else
        {
            Fail($"{answer.Status} {Encoding.UTF8.GetString(answer.Body)}");
        }
    }

    private void Committed(LoadConnection connection, HttpAnswer answer, long now)
    {
        Figures.Committed++;
        Figures.Latency.Record((long)Stopwatch.GetElapsedTime(connection.SentAt, now).TotalMicroseconds);
        Figures.PerInterval[Math.Min(_clock.Interval(now), Figures.PerInterval.Length - 1)]++;
        Span<double> times = stackalloc double[ServerTimes.Parts.Count];
        if (_answers % BenchLimits.TimingSample == 0 && answer.TryReadTimes(times))
        {
            Figures.Times.Add(times, answer.IsPredicted);
        }
    }

    private void SendNext(LoadConnection connection, long now)
    {
        var (from, to) = _picker.NextPair();
        connection.Send(connection.Request.Set(from, to, amount: 1), now);
    }

    private void Pause(LoadConnection connection, HttpAnswer answer, long now)
    {
        Figures.Refused++;
        var pause = TimeSpan.FromSeconds(Math.Min(answer.RetryAfterSeconds, BenchLimits.LongestPause.TotalSeconds));
        (connection.ResumeAt, connection.IsEarly) = (now + Ticks(pause), false);
        _paused.Add(connection);
    }

    private void Resume(long now)
    {
        for (var i = _paused.Count - 1; i >= 0; i--)
        {
            var connection = _paused[i];
            if (connection.ResumeAt <= now)
            {
                _paused.RemoveAt(i);
                if (connection.IsEarly)
                {
                    connection.IsEarly = false;
                    GoOn(connection, now);
                }
                else
                {
                    connection.Send(connection.Request.Again, now, again: true);
                }
            }
        }
    }

    private void Fail(string what)
    {
        Figures.Failed++;
        Figures.FirstFailure ??= what;
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
