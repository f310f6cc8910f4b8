using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>What a test makes of one publish.</summary>
internal enum PublishFate
{
    Confirm,
    Refuse,

    /// <summary>It is in the log, but the answer is lost.</summary>
    UnknownButIn,

    /// <summary>It never reached the log, and the answer is lost.</summary>
    UnknownAndOut,
}

/// <summary>Logs and store in memory, with the store's rules as far as a committer sees them: sealing drains, a read of the store gives what was drained.</summary>
internal sealed class ScriptedLogs
{
    private readonly object _gate = new();
    private readonly Dictionary<string, List<Batch>> _logs = [];
    private readonly Dictionary<string, long> _sealed = [];
    private readonly Dictionary<RowKey, RowVersion> _stored = [];
    private readonly Dictionary<string, int> _epochs = [];
    private readonly HashSet<string> _unbound = [];

    /// <summary>Asked for each batch with records, before it is in the log.</summary>
    public Func<Batch, Task<PublishFate>> Decide { get; set; } = static _ => Task.FromResult(PublishFate.Confirm);

    /// <summary>Asked for each view marker, before it is in the log.</summary>
    public Func<Batch, Task<PublishFate>> DecideMarker { get; set; } = static _ => Task.FromResult(PublishFate.Confirm);

    /// <summary>Called when a server opens a log: after it was declared and registered, before its opening returns.</summary>
    public Func<string, Task> Opened { get; set; } = static _ => Task.CompletedTask;

    /// <summary>The highest batch of a log that its server is told to be stored.</summary>
    public Func<string, long> StoredBatch { get; set; } = static _ => long.MaxValue;

    /// <summary>Called when somebody seals a log, before it is done.</summary>
    public Func<string, Task> Sealing { get; set; } = static _ => Task.CompletedTask;

    /// <summary>The store's newest version of each row.</summary>
    public IReadOnlyDictionary<RowKey, RowVersion> Stored => _stored;

    /// <summary>What a reader sees whose manifests are as old as the view.</summary>
    public Dictionary<RowKey, RowVersion> AtActivation { get; } = [];

    /// <summary>All batches that are in a log below its seal, by log.</summary>
    public IReadOnlyDictionary<string, List<Batch>> Logs => _logs;

    public string Open(string server)
    {
        lock (_gate)
        {
            var epoch = _epochs[server] = _epochs.GetValueOrDefault(server) + 1;
            var log = $"{server}.{epoch}";
            _logs.Add(log, []);
            return log;
        }
    }

    public async Task<PublishOutcome> PublishAsync(string log, Batch batch, CancellationToken cancellationToken)
    {
        var deciding = batch.Kind == BatchKind.View ? DecideMarker(batch) : batch.Records.Count == 0 ? Task.FromResult(PublishFate.Confirm) : Decide(batch);
        var fate = await deciding.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (_sealed.ContainsKey(log) || _unbound.Contains(log))
            {
                return fate is PublishFate.UnknownAndOut or PublishFate.UnknownButIn ? PublishOutcome.Unknown : PublishOutcome.Unroutable;
            }

            if (fate is PublishFate.Confirm or PublishFate.UnknownButIn)
            {
                Assert.Equal(_logs[log].Count + 1, batch.Number);
                _logs[log].Add(batch);
            }
        }

        return fate switch
        {
            PublishFate.Confirm => PublishOutcome.Confirmed,
            PublishFate.Refuse => PublishOutcome.Refused,
            _ => PublishOutcome.Unknown,
        };
    }

    public async Task<long> SealAsync(string log)
    {
        await Sealing(log);
        lock (_gate)
        {
            if (!_sealed.TryGetValue(log, out var watermark))
            {
                watermark = _sealed[log] = _logs[log].Count;
                Drain(log);
            }

            return watermark;
        }
    }

    /// <summary>First step of sealing: what is published from now on comes back.</summary>
    public void Unbind(string log)
    {
        lock (_gate)
        {
            _unbound.Add(log);
        }
    }

    public bool IsSealed(string log)
    {
        lock (_gate)
        {
            return _sealed.ContainsKey(log);
        }
    }

    /// <summary>The logs that exist, each with its batches so far.</summary>
    public IReadOnlyList<(string Log, IReadOnlyList<Batch> Batches)> All()
    {
        lock (_gate)
        {
            return [.. _logs.Select(log => (log.Key, (IReadOnlyList<Batch>)[.. log.Value]))];
        }
    }

    public Dictionary<RowKey, RowVersion> Snapshot()
    {
        lock (_gate)
        {
            return new Dictionary<RowKey, RowVersion>(_stored);
        }
    }

    /// <summary>Stores all that a log has: what its worker does.</summary>
    public void Drain(string log)
    {
        lock (_gate)
        {
            foreach (var batch in _logs[log])
            {
                foreach (var record in batch.Records)
                {
                    if (!_stored.TryGetValue(record.Key, out var known) || known.Version < record.Version)
                    {
                        _stored[record.Key] = new RowVersion(record.Version, new Stamp(log, batch.Number), record.State, record.Value);
                    }
                }
            }
        }
    }

    /// <summary>Every version of a row that is in a log, in order: no gap and no duplicate is right.</summary>
    public IReadOnlyList<long> VersionsOf(RowKey key)
    {
        lock (_gate)
        {
            return [.. _logs.SelectMany(log => log.Value).SelectMany(batch => batch.Records).Where(record => record.Key == key).Select(record => record.Version).Order()];
        }
    }

    public RowVersion? Find(RowKey key)
    {
        lock (_gate)
        {
            return _stored.GetValueOrDefault(key);
        }
    }

    internal sealed class Epochs(ScriptedLogs logs, string server) : ILogEpochs
    {
        public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
        {
            var log = logs.Open(server);
            await logs.Opened(log);
            return new Publisher(logs, log);
        }

        public async ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => await logs.SealAsync(log);

        public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => SealAsync(log, cancellationToken);

        public long StoredBatch(string log) => logs.StoredBatch(log);
    }

    internal sealed class Store(ScriptedLogs logs) : IStoredRows
    {
        // The snapshot of when the view became active: the logs of these tests were empty then, unless the test drained one first.
        public ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult(logs.AtActivation.GetValueOrDefault(key));

        public ValueTask RefreshAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult(logs.Find(key));

        public bool IsWarm(string label, long since) => false;
    }

    private sealed class Publisher(ScriptedLogs logs, string log) : ILogPublisher
    {
        public string Log => log;

        public async ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            await logs.PublishAsync(log, BatchCodec.Decode(message), cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
