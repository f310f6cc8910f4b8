using System.Runtime.CompilerServices;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Indexer.Running;

/// <summary>
/// The indexes of all tables of an application, each kept by a writer of its own. Fed by the write-behind workers; transactions never wait for it. Thread-safe.
/// </summary>
/// <param name="parts">what it works with</param>
public sealed class ApplicationIndexer(IndexerParts parts) : IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private volatile IReadOnlyList<TableIndexer> _tables = [];
    private long _term;

    /// <summary>How far each table is.</summary>
    public IReadOnlyList<TableProgress> Progress => [.. _tables.Select(table => table.Progress)];

    /// <summary>How far each table is, and the hash of what is declared for it.</summary>
    public IReadOnlyList<(TableProgress Progress, ulong Declared)> Tables => [.. _tables.Select(table => (table.Progress, table.Declared))];

    /// <summary>What is to be said of a table's indexes while they are not there.</summary>
    public string ProgressOf(string table) => _tables.FirstOrDefault(each => each.Table == table)?.Progress.Text ?? "not begun";

    /// <summary>Takes in a batch that a worker consumed: a log's batches in order, any of them left out. Returns at once.</summary>
    public void Offer(Batch batch)
    {
        foreach (var table in _tables)
        {
            table.Offer(batch);
        }
    }

    /// <summary>These batches exist: what of them was neither offered nor read is looked for in the store. Returns at once.</summary>
    public void Expect(IEnumerable<Stamp> stamps)
    {
        foreach (var stamp in stamps)
        {
            foreach (var table in _tables)
            {
                table.Expect(stamp);
            }
        }
    }

    /// <summary>What the store has of logs exists: what of it was neither offered nor read is looked for there. Returns at once.</summary>
    public void Expect(StoreSnapshot stored) => Expect(TableIndexer.VectorOf(stored));

    /// <summary>These logs were cut behind these batches (W4): what was taken in beyond is made undone, by making the trees anew. Returns at once.</summary>
    public void Cut(IEnumerable<Stamp> ends)
    {
        foreach (var end in ends)
        {
            foreach (var table in _tables)
            {
                table.Cut(end);
            }
        }
    }

    /// <summary>
    /// From now on these are the declarations. Indexes of tables whose declarations are as before go on; those of others are built anew from the store, and those of tables without any are
    /// forgotten. Returns when building has begun.
    /// </summary>
    /// <param name="app">the application</param>
    /// <param name="declared">by table; tables without indexes may be among them</param>
    public async Task UseAsync(string app, IEnumerable<KeyValuePair<string, TableIndexes>> declared)
    {
        var wanted = declared.Where(table => !table.Value.IsEmpty).ToDictionary(StringComparer.Ordinal);
        await _changing.WaitAsync();
        try
        {
            var kept = _tables.Where(table => table.App == app && wanted.TryGetValue(table.Table, out var indexes) && indexes.Declared == table.Declared).ToList();
            var ended = _tables.Except(kept).ToList();
            _tables = kept;
            var left = new Dictionary<string, IReadOnlyCollection<PageId>>(StringComparer.Ordinal);
            foreach (var table in ended)
            {
                left[table.Table] = await table.StopAsync();
            }

            var begun = wanted.Where(table => !kept.Exists(each => each.Table == table.Key)).Select(table => New(app, table, left)).ToList();
            _tables = [.. kept, .. begun];
            begun.ForEach(static table => table.Start());
            foreach (var (table, pages) in left)
            {
                await parts.Pages.ForgetAsync(table, [.. pages], CancellationToken.None);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Recomputes the indexes of all tables from the rows, one table after another, and compares, while they follow the logs.</summary>
    /// <param name="progress">told of a table how many of its rows were read, now and then. From any thread</param>
    /// <param name="cancellationToken">ends it</param>
    /// <exception cref="VerificationFailedException">it cannot be finished</exception>
    public async IAsyncEnumerable<VerifiedTable> VerifyAsync(Action<TableProgress, long> progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var table in _tables)
        {
            yield return await table.VerifyAsync(read => progress(table.Progress, read), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _changing.WaitAsync();
        foreach (var table in _tables)
        {
            await table.StopAsync();
        }

        _tables = [];
        _changing.Dispose();
    }

    private TableIndexer New(string app, KeyValuePair<string, TableIndexes> table, Dictionary<string, IReadOnlyCollection<PageId>> left)
    {
        left.Remove(table.Key, out var inherited);
        return new TableIndexer(parts, app, table.Key, table.Value, inherited ?? [], () => Interlocked.Increment(ref _term));
    }
}
