using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.AppServer.Unique;

/// <summary>
/// What a server knows of the unique indexes that its application does not declare. Tables without any are written without looking, at no cost; that is right because
/// <code>
/// 1 the row of the table's state is read while a log of this server is open, and names some columns
/// 2 an index on others can be announced only behind that: so its builder, who lists the logs then, finds this one
/// 3 the log was registered without that index among what its server declares: the builder waits until it is sealed
/// </code>
/// So what is known counts for one log; and for one view, because a queue that is lost takes back what was announced, or removed, and every cut comes with a view. Thread-safe.
/// </summary>
public sealed class UniqueKnowledge : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string App, string Table), Known> _known = new();
    private readonly ConcurrentDictionary<(string App, string Table), bool> _asked = new();
    private readonly Channel<(string App, string Table)> _wanted = Channel.CreateUnbounded<(string, string)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private Task _reading = Task.CompletedTask;

    /// <summary>Told of a table, of any application, whose state is not empty, from any thread.</summary>
    public event Action<string>? Found;

    /// <summary>Begins to read what is asked for.</summary>
    /// <param name="server">whose knowledge it is; it has started</param>
    public void Attach(TransactionServer server) => _reading = ReadAsync(server);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    /// <summary>The columns of all unique indexes of a table; null if they are not known for this log and view, and then they will be soon.</summary>
    internal IReadOnlySet<string>? Columns(string app, string table, string? log, long view)
    {
        if (_known.TryGetValue((app, table), out var known) && known.Log == log && known.View == view)
        {
            return known.Columns;
        }

        if (_asked.TryAdd((app, table), true))
        {
            _wanted.Writer.TryWrite((app, table));
        }

        return null;
    }

    private async Task ReadAsync(TransactionServer server)
    {
        try
        {
            await foreach (var table in _wanted.Reader.ReadAllAsync(_stop.Token))
            {
                // What is asked from now on is asked of another log or view.
                _asked.TryRemove(table, out _);
                await ReadAsync(server, table.App, table.Table);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task ReadAsync(TransactionServer server, string app, string table)
    {
        // Both before the row: it is read while they are present, or behind them.
        var (log, view) = (server.Log, server.View.Number);
        UniqueState state;
        try
        {
            state = UniqueState.Of(await server.ReadAsync(UniqueState.KeyOf(app, table), _stop.Token));
        }
        catch (TimeoutException)
        {
            // It stays unknown: the next transaction asks again, and reads the row itself.
            return;
        }

        if (log is not null)
        {
            _known[(app, table)] = new Known(log, view, state.Columns);
        }

        if (!state.IsEmpty)
        {
            Found?.Invoke(table);
        }
    }

    private sealed record Known(string Log, long View, IReadOnlySet<string> Columns);
}
