using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Indexer.Running;
using Mjolnir.Indexer.Tests.Tables;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Indexes;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.Indexer.Tests.Running;

/// <summary>The indexer of an application, fed with batches by hand over a store that is filled by hand.</summary>
public sealed class Followed_logs : IAsyncLifetime
{
    private const string Log = "s1.1";

    /// <summary>For a step of the indexer on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TableIndexes Declared = new([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null);

    private readonly string _folder = Directory.CreateTempSubdirectory("mjolnir-indexer-").FullName;
    private readonly EmbeddedIndexPages _pages = new();
    private readonly ConcurrentQueue<Exception> _faults = [];
    private readonly FolderObjectStore _store;
    private ApplicationIndexer? _indexer;
    private long _entries;

    public Followed_logs() => _store = new FolderObjectStore(_folder);

    public async Task InitializeAsync() => await new ClusterRegistry(_store).RegisterLogAsync(Log, default);

    public async Task DisposeAsync()
    {
        if (_indexer is not null)
        {
            await _indexer.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Rows_of_the_store_are_built_and_batches_behind_them_are_followed()
    {
        await StoreAsync(1, 3, Row("a", 1, 10), Row("b", 3, 20), Removed("c", 2));
        await BeginAsync(_pages);
        await ReachAsync(3);
        Assert.Equal((string[])["a", "b"], await AllAsync());

        Offer(2, Row("c", 1, 99)); // the store has it, and has it removed since
        Offer(4, Row("a", 2, 30));
        Offer(5);
        Offer(6, Row("d", 1, 5), Removed("b", 4));
        await ReachAsync(6);

        Assert.Equal((string[])["d", "a"], await AllAsync());
        Assert.Equal(TableState.Following, _indexer!.Progress.Single().State);
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task A_gap_is_waited_for_and_then_read_from_the_store()
    {
        await BeginAsync(_pages);
        Offer(1, Row("a", 1, 1));
        await ReachAsync(1);

        Offer(4, Row("b", 3, 4));
        await UntilAsync(() => _indexer!.Progress.Single().State == TableState.CatchingUp);
        Assert.Equal(1, _pages.Heads.Newest("t")!.Applied.Single().Batch);
        Offer(5, Row("e", 1, 5));
        await StoreAsync(1, 1, Row("a", 1, 1));
        await StoreAsync(2, 3, Row("a", 2, 9), Row("b", 2, 3));
        await ReachAsync(5);

        Assert.Equal((string[])["b", "e", "a"], await AllAsync());
        Assert.Equal(1, _indexer!.Progress.Single().Built);
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task Batches_that_never_came_are_read_from_the_store_once_somebody_says_that_they_exist()
    {
        await BeginAsync(_pages);
        Offer(1, Row("a", 1, 1));
        await ReachAsync(1);

        await StoreAsync(1, 3, Row("a", 2, 9), Row("b", 3, 3));
        _indexer!.Expect([new Stamp(Log, 3)]);
        await ReachAsync(3);
        Assert.Equal((string[])["b", "a"], await AllAsync());

        Offer(4, Row("c", 1, 5));
        await ReachAsync(4);
        Assert.Equal((string[])["b", "c", "a"], await AllAsync());
        Assert.Equal(1, _indexer.Progress.Single().Built);
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task What_a_cut_made_void_is_undone_and_versions_that_it_had_are_taken_again()
    {
        const string Next = "s1.2";
        await new ClusterRegistry(_store).RegisterLogAsync(Next, default);
        await StoreAsync(1, 1, Row("a", 1, 1));
        await BeginAsync(_pages);
        Offer(2, Row("a", 2, 50), Row("void", 1, 2));
        await ReachAsync(2);

        var cut = RunChainEntry.Empty with { Number = 1, Kind = RunChainKind.Cut, Cut = [new Stamp(Log, 1)], Lost = [Log], Writer = "test" };
        Assert.Equal(CreateOutcome.Created, await new RunChain(_store).CreateAsync(cut, default));
        _indexer!.Cut(cut.Cut);
        await UntilAsync(() => _indexer.Progress.Single().Built == 2);
        Assert.Equal((string[])["a"], await AllAsync());

        Offer(3, Row("late", 1, 3));
        _indexer.Offer(BatchOf(Next, 1, Row("a", 2, 7), Row("b", 1, 8)));
        await UntilAsync(() => _pages.Heads.Newest("t")!.Covers(new Stamp(Next, 1)));

        Assert.Equal((string[])["a", "b"], await AllAsync());
        Assert.False(_pages.Heads.Newest("t")!.Covers(new Stamp(Log, 2)));
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task What_is_too_much_to_hold_is_dropped_and_read_from_the_store()
    {
        await BeginAsync(_pages, inboxBytes: 200);
        Offer(1, [.. Enumerable.Range(0, 50).Select(i => Row($"big{i:D2}", 1, i))]);
        await StoreAsync(1, 1, [.. Enumerable.Range(0, 50).Select(i => Row($"big{i:D2}", 1, i))]);
        Offer(2, Row("last", 1, 100));
        await ReachAsync(2);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"big{i:D2}").Append("last"), await AllAsync());
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task A_writer_that_failed_starts_over_from_the_store_and_readers_keep_what_was_there()
    {
        var failing = new FailingPages(_pages) { Left = -1 };
        await BeginAsync(failing);
        Offer(1, Row("a", 1, 1));
        await ReachAsync(1);

        failing.Left = 0;
        Offer(2, Row("b", 1, 2));
        await UntilAsync(() => !_faults.IsEmpty);
        Assert.Equal((string[])["a"], await AllAsync());
        failing.Left = -1;
        await StoreAsync(1, 2, Row("a", 1, 1), Row("b", 1, 2));
        await ReachAsync(2);

        Assert.Equal((string[])["a", "b"], await AllAsync());
        Assert.IsType<IOException>(_faults.First());
    }

    [Fact]
    public async Task Declarations_that_go_take_their_head_and_pages_with_them()
    {
        await StoreAsync(1, 1, Row("a", 1, 1));
        await BeginAsync(_pages);
        await ReachAsync(1);

        await _indexer!.UseAsync("app", [KeyValuePair.Create("t", TableIndexes.None)]);

        Assert.Null(_pages.Heads.Newest("t"));
        Assert.Equal(0, _pages.Count);
        Assert.Empty(_indexer.Progress);
    }

    [Fact]
    public async Task Another_declaration_is_built_anew_in_a_later_term()
    {
        await StoreAsync(1, 1, Row("a", 1, 1));
        await BeginAsync(_pages);
        await ReachAsync(1);
        var before = _pages.Heads.Newest("t")!;

        var other = new TableIndexes([new("byN", [new("n", IndexedKind.Number, Descending: true)], null, [], false)], [], null);
        await _indexer!.UseAsync("app", [KeyValuePair.Create("t", other)]);
        await UntilAsync(() => _pages.Heads.Newest("t")!.Declared == other.Declared);

        Assert.True(_pages.Heads.Newest("t")!.Term > before.Term);
    }

    [Fact]
    public async Task Are_verified_while_they_are_followed_and_what_is_not_as_the_rows_say_is_told()
    {
        await StoreAsync(1, 3, Row("a", 1, 10), Row("b", 3, 20), Removed("c", 2));
        await BeginAsync(_pages);
        await ReachAsync(3);
        Assert.Equal((2L, 0L), Figures(await VerifyAsync()));

        // The indexes are before the store when it begins, behind it when it is read, and go on meanwhile.
        Offer(4, Row("a", 2, 30), Removed("b", 4));
        await ReachAsync(4);
        var verifying = VerifyAsync();
        await StoreAsync(4, 6, Row("a", 2, 30), Removed("b", 4), Row("c", 3, 7), Row("d", 1, 5));
        Offer(5, Row("d", 1, 5));
        await ReachAsync(5);
        Offer(6, Row("c", 3, 7));
        Offer(7, Row("a", 3, 1));
        Assert.Equal(0, (await verifying).Differences);
        await StoreAsync(7, 7, Row("a", 3, 1));
        Assert.Equal((3L, 0L), Figures(await VerifyAsync()));

        await StoreAsync(8, 8, Row("e", 1, 2));
        Offer(8, Row("e", 1, 1));
        await ReachAsync(8);
        Assert.Equal(["index byN: has n 1 of row 'e', which does not follow from the rows", "index byN: lacks n 2 of row 'e'"], (await VerifyAsync()).First.Order(StringComparer.Ordinal));
        Assert.Equal(1, _indexer!.Progress.Single().Built);
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task Are_verified_while_empty_batches_wait_to_be_stored()
    {
        await BeginAsync(_pages);
        Offer(1, Row("a", 1, 1));
        Offer(2);
        await ReachAsync(2);
        Offer(3);
        await ReachAsync(3);

        // Workers keep batches without rows for half a minute, so that an idle server costs no request.
        await StoreAsync(1, 1, Row("a", 1, 1));
        Assert.Equal((1L, 0L), Figures(await VerifyAsync()));
    }

    [Fact]
    public async Task That_start_over_cannot_be_verified_meanwhile()
    {
        await BeginAsync(_pages);
        Offer(1, Row("a", 1, 1));
        await ReachAsync(1);
        var verifying = VerifyAsync(); // waits for the store to have the batch

        _indexer!.Cut([new Stamp(Log, 0)]);
        await Assert.ThrowsAsync<VerificationFailedException>(() => verifying);
        await UntilAsync(() => _indexer.Progress.Single().State == TableState.Following);
        Assert.Equal((0L, 0L), Figures(await VerifyAsync()));
    }

    private static (long Rows, long Differences) Figures(VerifiedTable table) => (table.Rows, table.Differences);

    private async Task<VerifiedTable> VerifyAsync()
    {
        var verified = new List<VerifiedTable>();
        await foreach (var table in _indexer!.VerifyAsync((_, _) => { }, CancellationToken.None))
        {
            verified.Add(table);
        }

        return Assert.Single(verified);
    }

    private async Task BeginAsync(IIndexPages pages, long inboxBytes = 1 << 20)
    {
        _indexer = new ApplicationIndexer(new IndexerParts { Pages = pages, Store = _store, Time = TimeProvider.System, Failed = (_, fault) => _faults.Enqueue(fault), InboxBytes = inboxBytes });
        await _indexer.UseAsync("app", [KeyValuePair.Create("t", Declared), KeyValuePair.Create("plain", TableIndexes.None)]);
        await UntilAsync(() => _pages.Heads.Newest("t") is not null);
    }

    private Task ReachAsync(long batch) => UntilAsync(() => _pages.Heads.Newest("t")?.Covers(new Stamp(Log, batch)) == true);

    private async Task UntilAsync(Func<bool> isSo)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(10))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"{_indexer!.Progress.FirstOrDefault()} {_faults.FirstOrDefault()}");
        }
    }

    private async Task<string[]> AllAsync()
    {
        Assert.True(TableQuery.TryBind("app", "t", Declared, new QueryTerms([], null, "n", false), out var query));
        var answer = await IndexReader.AnswerAsync(_pages, _pages.Heads.Newest("t")!, query.Rows([], 1000, isFresh: false), default);
        return [.. answer!.Found.Select(found => found.PrimaryKey)];
    }

    private void Offer(long number, params SegmentRow[] rows) =>
        _indexer!.Offer(BatchOf(Log, number, rows));

    private static Batch BatchOf(string log, long number, params SegmentRow[] rows) =>
        new(log, number, 1, BatchKind.Records, 0, 1, [], [.. rows.Select(row => new BatchRecord(row.Key, row.Version.Version, row.Version.State, row.Version.Value))]);

    private async Task StoreAsync(long first, long last, params SegmentRow[] rows)
    {
        var segment = rows.Length == 0 ? [] : SegmentWriter.Write([.. rows.OrderBy(row => row.Key)]);
        var entry = new ManifestEntry(Log, ++_entries, ManifestKind.Segment, first, last, 1, [], "test", rows.Length, segment.Length);
        Assert.Equal(CreateOutcome.Created, await _store.CreateSettledAsync(ObjectNames.ManifestEntry(Log, entry.Number), ManifestCodec.Encode(entry, segment), default));
    }

    private static SegmentRow Row(string key, long version, int n) =>
        Line(key, version, RowState.Present, new Document(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{key}}","n":{{n}}}"""))));

    private static SegmentRow Removed(string key, long version) => Line(key, version, RowState.Tombstone, null);

    private static SegmentRow Line(string key, long version, RowState state, Document? value) =>
        new(RowKey.TryCreate("app", "t", key, out var row) ? row : default, new RowVersion(version, new Stamp(Log, 1), state, value));
}
