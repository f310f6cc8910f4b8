using System.Text;
using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>
/// A connection to a shard that is a memcached (classic stack; <c>docs/design/memcached.md</c>). Beyond what <see cref="IShardConnection"/> promises: a token read before a reconnect is never sent after
/// it, whoever carries it; a compare with it ends as <see cref="ShardStatus.Conflict"/>. <see cref="ShardStatus.NoRoom"/> is answered to writes that grow while only the
/// reserve is left, and to any write or lease that the server refused for memory without harm.
/// </summary>
public sealed class MemcachedShardConnection : IShardConnection
{
    /// <summary>An item that the flush must take away: so it is seen that the flush took effect.</summary>
    private const string WitnessKey = "!witness";

    private readonly MemcachedConnection _connection;
    private readonly MemcachedShardLimits _limits;
    private readonly TimeProvider _time;
    private readonly Stack<MemcachedPass> _passes = new(MemcachedShardLimits.KeptPasses);
    private readonly Action<MemcachedPass> _ended;

    /// <summary>Begins to connect; the shard may be used at once.</summary>
    /// <param name="shard">the shard's name, that of its V-stack</param>
    /// <param name="address">where its memcached listens: <c>host:port</c> or a socket's path</param>
    /// <param name="limits">null: the usual ones</param>
    /// <param name="time">null: the system's clock</param>
    /// <exception cref="FormatException">the address is none</exception>
    public MemcachedShardConnection(string shard, string address, MemcachedShardLimits? limits = null, TimeProvider? time = null)
    {
        Shard = shard;
        _limits = limits ?? MemcachedShardLimits.Default;
        _time = time ?? TimeProvider.System;
        _connection = new MemcachedConnection(MemcachedAddress.Parse(address), _limits.Connection, _time);
        Fill = new MemcachedFill(_connection, _limits, _time);
        _ended = Return;
    }

    /// <inheritdoc/>
    public string Shard { get; }

    /// <inheritdoc/>
    public long Incarnation => _connection.Incarnation;

    /// <inheritdoc/>
    public bool IsConnected => _connection.IsConnected;

    /// <summary>Why the connection was lost or could not be made last; null if that never happened.</summary>
    public string? LastFault => _connection.LastFault;

    /// <summary>How full the shard is.</summary>
    public MemcachedFill Fill { get; }

    /// <inheritdoc/>
    /// <remarks>Cancellation is looked at before sending; a pass that was sent ends within <see cref="MemcachedLimits.Pass"/>.</remarks>
    public ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var taken = Take();
        taken.Begin(pass);
        return _connection.RunAsync(taken);
    }

    /// <summary>
    /// Flushes the memcached, sees that the flush took effect, has the memory of what was flushed collected, and sets the label last. Sound although the flush is lazy:
    /// with tokens, memcached goes by each item's token, not by the second in which it was set.
    /// </summary>
    /// <exception cref="ShardUnavailableException">it cannot be reached, is not run as a shard must be, or did not do it; open it under a higher view</exception>
    public async ValueTask OpenAsync(string label, CancellationToken cancellationToken)
    {
        await RequireFitAsync();
        var incarnation = await FlushAsync(cancellationToken);
        await CollectAsync(cancellationToken);
        var value = Encoding.UTF8.GetBytes(label);
        Require((await RunOneAsync(MemcachedVerb.Set, IShardConnection.LabelKey, value)).Status == MemcachedStatus.Stored, "the label could not be set");
        var found = await RunOneAsync(MemcachedVerb.Get, IShardConnection.LabelKey);
        Require(found.Status == MemcachedStatus.Hit && found.Value.Span.SequenceEqual(value), "the label is not found again");
        await Fill.LookAsync();
        Require(Incarnation == incarnation, "the connection was lost while it was opened");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await Fill.DisposeAsync();
    }

    private async Task RequireFitAsync()
    {
        await Fill.LookAsync();
        Require(Fill.Figures is not null, $"it does not answer ({LastFault})");
        Require(Fill.Unfit is null, Fill.Unfit ?? "");
    }

    /// <summary>Returns the incarnation under which it is empty.</summary>
    private async ValueTask<long> FlushAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await RunOneAsync(MemcachedVerb.Set, WitnessKey);
            var flush = await RunOneAsync(MemcachedVerb.FlushAll, "");
            var witness = await RunOneAsync(MemcachedVerb.Get, WitnessKey);
            if (flush.Status == MemcachedStatus.Done && witness.Status == MemcachedStatus.Miss && flush.Incarnation == witness.Incarnation)
            {
                return flush.Incarnation;
            }

            Require(tries < MemcachedShardLimits.FlushTries, $"it could not be flushed ({flush.Status}, {witness.Status})");
        }
    }

    /// <summary>What is flushed takes memory until it is collected; growth would be refused meanwhile.</summary>
    private async ValueTask CollectAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var asked = false;
        while (_time.GetElapsedTime(began) < MemcachedShardLimits.CollectPatience)
        {
            // Refused while a collection runs that began before the flush: then ask again.
            asked = asked || (await RunOneAsync(MemcachedVerb.Collect, "")).Status == MemcachedStatus.Done;
            if (asked && await Fill.StatisticsAsync("") is { } general && general.Text("lru_crawler_running") == "0")
            {
                return;
            }

            await Task.Delay(MemcachedShardLimits.CollectPause, _time, cancellationToken);
        }
    }

    private async ValueTask<SinglePass> RunOneAsync(MemcachedVerb verb, string key, ReadOnlyMemory<byte> value = default)
    {
        var pass = new SinglePass(new MemcachedRequest(verb, key, value));
        await _connection.RunAsync(pass);
        return pass;
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ShardUnavailableException($"The shard {Shard} (memcached at {_connection.Address}) cannot be opened: {otherwise}.");
        }
    }

    private MemcachedPass Take()
    {
        lock (_passes)
        {
            return _passes.TryPop(out var pass) ? pass : new MemcachedPass(Fill, _ended);
        }
    }

    private void Return(MemcachedPass pass)
    {
        lock (_passes)
        {
            if (_passes.Count < MemcachedShardLimits.KeptPasses)
            {
                _passes.Push(pass);
            }
        }
    }
}
