using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.AppServer.Unique;
using Mjolnir.Cli.Embedded;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Unique;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Registry;

namespace Mjolnir.Cli.Roles;

/// <summary>What the unique indexes of a cluster are made with.</summary>
internal sealed class ClusterUniqueParts
{
    public required Application Application { get; init; }

    /// <summary>Runs transactions at this server.</summary>
    public required ITransactionRouter Router { get; init; }

    /// <summary>Lists rows; null where no table has indexes.</summary>
    public required IndexQueries? Queries { get; init; }

    public required UniqueKnowledge Knowledge { get; init; }

    public required ClusterRegistry Registry { get; init; }

    public required ClusterRows Rows { get; init; }

    public required IClusterBus Bus { get; init; }

    public required ILeadership Leadership { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Told what has been done, for the log.</summary>
    public required Action<string> Report { get; init; }

    /// <summary>Told of what went wrong: it is tried again.</summary>
    public required Action<Exception> Failed { get; init; }

    /// <summary>Between a removal and the deletion of its holders.</summary>
    public TimeSpan SweepWait { get; init; } = RoleLimits.SweepWait;
}

/// <summary>
/// Says which unique indexes a cluster keeps, and makes them: in every app server, one of which leads.
/// <code>
/// 1 read the states of all tables        2 list the logs; those not sealed say what their servers declare
/// 3 each state's next step, if it is still the one that was read (<see cref="UniqueState.Follow"/>)
/// 4 what is being built: its rows get their holders       5 holders of removed indexes are deleted
/// </code>
/// A while after it began to lead, once, a server looks for tables that the application has no more (<see cref="LeftTables"/>): their indexes are declared by nobody, and go the same way.
/// So what is kept follows from the servers that live, whatever version leads; during a deployment an index is kept as long as one of them declares it, by all of them, and is built once all of them do. That one
/// leads only saves work.
/// </summary>
internal sealed class ClusterUnique : IAsyncDisposable
{
    /// <summary>The task that one server leads.</summary>
    public const string Duty = "unique";

    private readonly ClusterUniqueParts _parts;
    private readonly UniqueBuilder _builder;
    private readonly UniqueSweep _sweep;
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<string> _changed = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _concerned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, string> _logs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, UniqueState> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _declared = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IDisposable> _listening = [];
    private Task _running = Task.CompletedTask;
    private bool _hasLooked;

    public ClusterUnique(ClusterUniqueParts parts)
    {
        _parts = parts;
        _builder = new UniqueBuilder(parts.Router, parts.Queries, parts.Time);
        _sweep = new UniqueSweep(parts.Application.Name, parts.Rows, _builder, parts.Router, parts.SweepWait, parts.Time);
    }

    /// <summary>What this server has seen of the tables' unique indexes.</summary>
    public IReadOnlyDictionary<string, UniqueState> States => _states;

    private string App => _parts.Application.Name;

    /// <summary>The unique indexes of an application, as they are noted for each log of its servers.</summary>
    public static IReadOnlyList<string> Declared(Application application) =>
        [.. application.Tables.Values.SelectMany(table => table.Indexes.Indexes.Where(static index => index.IsUnique).Select(index => $"{application.Name}/{table.Name}/{UniqueIndexState.IdentityOf(index)}")).Order(StringComparer.Ordinal)];

    /// <summary>Begins; transactions can be run.</summary>
    public void Start()
    {
        _parts.Knowledge.Found += Look;
        _listening.Add(_parts.Bus.Listen(Hear));
        _listening.Add(_parts.Bus.Subscribe(notice => _ = notice.Sealed && _news.Writer.TryWrite(true)));
        _listening.Add(_parts.Router.Any.OnChanged(keys =>
        {
            foreach (var key in keys)
            {
                if (key.App == App && UniqueState.TableOf(key) is { } table)
                {
                    _changed.Writer.TryWrite(table);
                }
            }
        }));
        if (_parts.Application.Tables.Values.Any(static table => table.HasUnique))
        {
            // A version that declares nothing learns by its first write whether another one does.
            foreach (var table in _parts.Application.Tables.Keys)
            {
                _changed.Writer.TryWrite(table);
            }

            _concerned.TrySetResult();
        }

        _running = Task.WhenAll(Task.Run(FollowAsync), Task.Run(RunAsync));
    }

    public async ValueTask DisposeAsync()
    {
        _parts.Knowledge.Found -= Look;
        _listening.ForEach(static listening => listening.Dispose());
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private void Look(string table) => _changed.Writer.TryWrite(table);

    private void Hear(ClusterNotice notice)
    {
        if (notice is ServerBeat { Log.Length: > 0 } beat && (!_logs.TryGetValue(beat.Server, out var known) || known != beat.Log))
        {
            _logs[beat.Server] = beat.Log;
            _news.Writer.TryWrite(true);
        }
    }

    /// <summary>Keeps <see cref="States"/>.</summary>
    private async Task FollowAsync()
    {
        try
        {
            await foreach (var table in _changed.Reader.ReadAllAsync(_stop.Token))
            {
                try
                {
                    var state = _states[table] = await _builder.StateAsync(App, table, _stop.Token);
                    if (!state.IsEmpty)
                    {
                        _concerned.TrySetResult();
                    }
                }
                catch (FailureException fault)
                {
                    _parts.Failed(fault);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await _concerned.Task.WaitAsync(_stop.Token);
            while (true)
            {
                await LeadAsync();
                await Task.Delay(RoleLimits.UniqueLeadRetry, _parts.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>One term, if nobody else leads.</summary>
    private async Task LeadAsync()
    {
        await using var lease = await _parts.Leadership.TryLeadAsync(Duty, _stop.Token);
        if (lease is null)
        {
            return;
        }

        using var term = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, lease.Lost);
        try
        {
            var began = _parts.Time.GetTimestamp();
            for (var isFirst = true; ; isFirst = false)
            {
                await LookForLeftTablesAsync(began, term.Token);
                var pause = await RoundAsync(isFirst, term.Token);
                await NewsAsync(_hasLooked || pause < _parts.SweepWait ? pause : _parts.SweepWait, term.Token);
            }
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            // Another server may lead now, or this one stops.
        }
        catch (Exception fault)
        {
            _parts.Failed(fault);
        }
    }

    private async Task LookForLeftTablesAsync(long began, CancellationToken cancellationToken)
    {
        if (_hasLooked || _parts.Time.GetElapsedTime(began) < _parts.SweepWait)
        {
            return;
        }

        foreach (var table in await new LeftTables(_parts.Application, _parts.Rows).FindAsync(cancellationToken))
        {
            _parts.Report($"looks after the unique indexes of table '{table}', which is not in the application any more");
            _states[table] = await _builder.StateAsync(App, table, cancellationToken);
        }

        _hasLooked = true;
    }

    /// <summary>Waits until another log was heard of, or one has ended, or the pause is over.</summary>
    private async Task NewsAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(pause, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>One round; how long to wait for the next one.</summary>
    private async Task<TimeSpan> RoundAsync(bool isFirst, CancellationToken cancellationToken)
    {
        // The states first: a server whose log is not in the list that follows reads them, or later ones.
        var seen = await StatesAsync(_parts.Application.Tables.Keys.Union(_states.Keys), cancellationToken);
        var logs = await LogsAsync(cancellationToken);
        var steps = 0;
        foreach (var table in seen.Keys.Union(logs.SelectMany(static log => log).Select(TableOf).OfType<string>()).Order(StringComparer.Ordinal))
        {
            var state = seen.GetValueOrDefault(table) ?? UniqueState.None;
            var prefix = $"{App}/{table}/";
            var declared = logs.Select(log => log.Where(each => each.StartsWith(prefix, StringComparison.Ordinal)).Select(each => each[prefix.Length..]).ToHashSet(StringComparer.Ordinal)).ToList();
            var wanted = declared.SelectMany(static each => each).ToHashSet(StringComparer.Ordinal);
            var agreed = wanted.Where(each => declared.TrueForAll(log => log.Contains(each))).ToHashSet(StringComparer.Ordinal);
            if (!ReferenceEquals(state.Follow(wanted, agreed), state))
            {
                steps++;
                await _builder.ChangeAsync(App, table, now => now.Turn == state.Turn ? now.Follow(wanted, agreed) : now, cancellationToken);
            }
        }

        var isSettled = await BuildAsync(isFirst, cancellationToken) && steps == 0;
        return steps > 0 ? TimeSpan.Zero : isSettled ? RoleLimits.UniqueSettledLook : RoleLimits.UniqueLook;
    }

    /// <summary>Builds what is to be built and sweeps what was removed; true if nothing is left to do.</summary>
    private async Task<bool> BuildAsync(bool isFirst, CancellationToken cancellationToken)
    {
        var isSettled = true;
        foreach (var (table, state) in await StatesAsync(_parts.Application.Tables.Keys.Union(_states.Keys), cancellationToken))
        {
            foreach (var index in state.Indexes.Where(index => UniqueBuilder.IsToBuild(index, isFirst)))
            {
                await BuildAsync(table, index, cancellationToken);
            }

            foreach (var remains in state.Removed)
            {
                if (await _sweep.SweepAsync(table, remains, cancellationToken) is { } deleted)
                {
                    _parts.Report($"deleted {deleted} rows of the unique index '{remains.Index}' of table '{table}', which nobody declares any more");
                }
            }

            isSettled &= state.Removed.IsEmpty && state.Indexes.All(static index => index.Phase == UniquePhase.Ready);
        }

        return isSettled;
    }

    private async Task BuildAsync(string name, UniqueIndexState index, CancellationToken cancellationToken)
    {
        if (!_parts.Application.Tables.TryGetValue(name, out var table) || !table.Indexes.Indexes.Any(each => each.IsUnique && UniqueIndexState.IdentityOf(each) == index.Identity))
        {
            // This server's log has just ended, and the others declare what it does not: one of them builds it.
            return;
        }

        _parts.Report($"makes the unique index '{index.Index.Name}' of table '{name}' from the rows that are there");
        if (await _builder.BuildAsync(App, table, index, new Progress<UniqueBuilder.Step>(), cancellationToken) is { } duplicates)
        {
            foreach (var duplicate in duplicates.Take(CliLimits.DuplicatesShown))
            {
                _parts.Report($"NOT UNIQUE: {duplicate.Text}");
            }

            _parts.Report($"the unique index '{index.Index.Name}' of table '{name}' is ready{(duplicates.Count == 0 ? "" : $", but for {duplicates.Count} rows whose values other rows have")}");
        }
    }

    private async Task<Dictionary<string, UniqueState>> StatesAsync(IEnumerable<string> tables, CancellationToken cancellationToken)
    {
        var states = new Dictionary<string, UniqueState>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            states[table] = await _builder.StateAsync(App, table, cancellationToken);
        }

        return states;
    }

    /// <summary>What the servers of all logs declare that are not sealed.</summary>
    private async Task<List<IReadOnlyList<string>>> LogsAsync(CancellationToken cancellationToken)
    {
        var logs = await _parts.Registry.ListLogsAsync(cancellationToken);
        await _parts.Rows.RefreshAsync(cancellationToken);
        var open = logs.Where(log => !_parts.Rows.SealedLogs.ContainsKey(log)).ToList();
        foreach (var log in open)
        {
            if (!_declared.ContainsKey(log))
            {
                _declared[log] = await _parts.Registry.DeclaredUniqueAsync(log, cancellationToken);
            }
        }

        return [.. open.Select(log => _declared[log])];
    }

    private string? TableOf(string declared)
    {
        var parts = declared.Split('/', 3);
        return parts.Length == 3 && parts[0] == App ? parts[1] : null;
    }
}
