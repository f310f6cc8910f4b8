using Mjolnir.Simulation.Tests.Faults;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Simulation.Tests.Shards;

/// <summary>
/// Our memcached client as its document says (docs/design/memcached.md, the connection): the incarnation rises before any pass ends because the line was cut; if nothing was under way the
/// next pass ends as unknown without being sent; a token of an earlier incarnation is never sent.
/// </summary>
internal sealed class SimulatedShardConnection : IShardConnection
{
    private const int TokenBits = 48;
    public static readonly TimeSpan PassPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Reconnect = TimeSpan.FromMilliseconds(20);

    private readonly SimulatedShard _shard;
    private readonly SimulatedProcess _process;
    private ShardLine? _line;
    private bool _mustTell;
    private bool _isDisposed;

    public SimulatedShardConnection(SimulatedShard shard, SimulatedProcess process)
    {
        (_shard, _process) = (shard, process);
        process.OnEnd(() => _line?.Cut());
    }

    public string Shard => _shard.Name;

    public string Owner => _process.Name;

    public Weather Weather => _process.Loop.Weather;

    /// <summary>A line that was cut is made again at once, unless nobody is there.</summary>
    public bool IsConnected => _line is not null || !_shard.IsDown;

    public long Incarnation { get; private set; } = 1;

    private ulong Tag => (ulong)(Incarnation - 1) << TokenBits;

    public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_mustTell || await LineAsync() is not { } line)
        {
            _mustTell = false;
            End(pass, null, Incarnation);
            return;
        }

        var incarnation = Incarnation;
        if (await SendAsync(line, [.. pass.Select(Copied)]) is { } answers)
        {
            End(pass, answers, incarnation);
        }
        else
        {
            End(pass, null, Incarnation);
        }
    }

    public async ValueTask OpenAsync(string label, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _mustTell = false;
        var incarnation = Incarnation;
        if (await LineAsync() is not { } line || !await DoAsync(line, _shard.Clear))
        {
            throw new ShardUnavailableException($"The shard {Shard} cannot be flushed.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (!await DoAsync(line, () => _shard.SetLabel(label)) || incarnation != Incarnation)
        {
            throw new ShardUnavailableException($"The shard {Shard} was lost while it was opened.");
        }
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _line?.Cut();
        return ValueTask.CompletedTask;
    }

    /// <summary>The line was cut: the incarnation rises before anybody hears of it.</summary>
    internal void LineEnded(bool wasBusy)
    {
        _line = null;
        Incarnation++;
        _mustTell = !wasBusy;
    }

    private async ValueTask<ShardLine?> LineAsync()
    {
        for (var began = _process.Time.GetTimestamp(); _process.Time.GetElapsedTime(began) < PassPatience && !_isDisposed;)
        {
            if (_line is null && !_shard.IsDown)
            {
                _line = new ShardLine(_shard, this);
            }

            if (_line is { } line)
            {
                return line;
            }

            await Task.Delay(Reconnect, _process.Time);
        }

        return null;
    }

    private async ValueTask<ShardOperation[]?> SendAsync(ShardLine line, ShardOperation[] copies)
    {
        var answered = new TaskCompletionSource<ShardOperation[]?>();
        line.Send(copies, answers => answered.TrySetResult(answers));
        return await answered.Task;
    }

    /// <summary>One command that is no operation on an item.</summary>
    private async ValueTask<bool> DoAsync(ShardLine line, Action command)
    {
        // Ordered behind what is on the line, and as late or lost as that.
        var life = _shard.Life;
        var way = Weather.Delay(_process.Loop);
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
        if (line.IsCut)
        {
            return false;
        }

        var late = Weather.LateEffect(_process.Loop);
        var done = new TaskCompletionSource();
        _process.Loop.After(way, () =>
        {
            if (!line.IsCut)
            {
                Execute();
            }
            else if (late is { } after)
            {
                _process.Loop.After(after, Execute);
            }

            done.TrySetResult();
        });
        await done.Task;
        return await SendAsync(line, [get]) is not null;

        void Execute()
        {
            if (life == _shard.Life && !_shard.IsDown)
            {
                _process.Loop.Trace.Line(Shard, $"{Owner} opens: flush or label");
                command();
            }
        }
    }

    private ShardOperation Copied(ShardOperation operation) => new()
    {
        Verb = operation.Verb,
        CacheKey = _shard.NameOf(operation.CacheKey),
        Value = operation.Value.ToArray(),
        Token = TokenOf(operation),
        Grows = operation.Grows,
        Life = operation.Life,
    };

    /// <summary>A token of another incarnation is none: the compare fails, and nothing of it is sent.</summary>
    private ulong TokenOf(ShardOperation operation) =>
        operation.Verb is ShardVerb.CompareAndSet or ShardVerb.CompareAndDelete && operation.Token >> TokenBits != Tag >> TokenBits
            ? ulong.MaxValue
            : operation.Token & ((1UL << TokenBits) - 1);

    private static void End(IReadOnlyList<ShardOperation> pass, ShardOperation[]? answers, long incarnation)
    {
        var tag = (ulong)(incarnation - 1) << TokenBits;
        for (var i = 0; i < pass.Count; i++)
        {
            if (answers is null)
            {
                pass[i].Status = ShardStatus.Unknown;
                continue;
            }

            var answer = answers[i];
            pass[i].Status = answer.Status;
            if (answer.Status is ShardStatus.Hit or ShardStatus.LeaseWon or ShardStatus.LeaseHeld or ShardStatus.Stored)
            {
                pass[i].Token = answer.Token | tag;
            }

            if (answer.Status == ShardStatus.Hit)
            {
                pass[i].Value = answer.Value;
            }
        }
    }
}
