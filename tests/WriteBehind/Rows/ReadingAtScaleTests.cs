using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Compaction;

namespace Mjolnir.WriteBehind.Tests.Rows;

/// <summary>How many reads, one after the other and at once, a cold start costs: over a store that is far away, those one after the other are its time.</summary>
public sealed class ReadingAtScaleTests
{
    private const int Segments = 40;
    private const int RowsEach = 500;

    private readonly MemoryObjectStore _objects = new();

    [Fact]
    public async Task A_snapshot_and_a_first_find_take_few_ways_to_the_store_and_not_one_for_each_object()
    {
        await WriteAsync();
        var distant = new DistantStore(_objects);
        var rows = await StoredRows.OpenAsync(distant, World.Ever);
        Assert.InRange(distant.Ways, 1, 9);
        distant.Begin();
        Assert.NotNull(await rows.FindAsync(Key(777), World.Ever));

        // An index each, and the block; now and then a filter says yes where there is nothing.
        Assert.InRange(distant.Reads.Count, Segments + 1, Segments + 3);
        Assert.InRange(distant.Ways, 2, 4);
        Assert.InRange(distant.MostAtOnce, 8, 32);
        distant.Begin();
        Assert.NotNull(await rows.FindAsync(Key(778), World.Ever));
        Assert.InRange(distant.Reads.Count, 1, 3);
    }

    [Fact]
    public async Task Only_runs_that_may_hold_the_key_are_opened()
    {
        await WriteAsync();
        await new Compactor(_objects, TimeProvider.System, new WriteBehindLimits { EntriesOfAll = 8, RunBytes = 16 * 1024 }, "w").RoundAsync(World.Ever);
        var head = await new RunChain(_objects).HeadAsync(World.Ever);
        Assert.InRange(head.Runs.Count, 8, 64);
        var distant = new DistantStore(_objects);
        var rows = await StoredRows.OpenAsync(distant, World.Ever);
        distant.Begin();
        Assert.NotNull(await rows.FindAsync(Key(4242), World.Ever));
        var slot = Slots.Of(Key(4242));
        Assert.Equal(head.Runs.Single(run => run.FirstSlot <= slot && slot <= run.LastSlot).Object, Assert.Single(distant.Reads.Distinct()));
    }

    [Fact]
    public async Task A_stream_reads_all_segments_at_once_and_ahead_and_is_whole()
    {
        await WriteAsync();
        var distant = new DistantStore(_objects);
        var rows = await StoredRows.OpenAsync(distant, World.Ever);
        distant.Begin();
        var count = 0;
        await foreach (var row in rows.StreamAsync(null, World.Ever))
        {
            Assert.Equal(Key(count++), row.Key);
        }

        Assert.Equal(Segments * RowsEach, count);
        Assert.InRange(distant.Ways, 2, 6);
    }

    [Fact]
    public async Task A_stream_reads_the_next_part_while_one_is_walked_and_when_abandoned_leaves_no_read_behind()
    {
        await WriteAsync(segments: 1, rowsEach: 40_000);
        var distant = new DistantStore(_objects);
        var rows = await StoredRows.OpenAsync(distant, World.Ever);
        distant.Begin();
        await using (var stream = rows.StreamAsync(null, World.Ever).GetAsyncEnumerator())
        {
            Assert.True(await stream.MoveNextAsync());
            Assert.Equal(1, distant.UnderWay);
            Assert.Equal(3, distant.Reads.Count);
        }

        Assert.Equal(0, distant.UnderWay);
    }

    private async Task WriteAsync(int segments = Segments, int rowsEach = RowsEach)
    {
        await new ClusterRegistry(_objects).RegisterLogAsync("s1.1", World.Ever);
        for (var batch = 1; batch <= segments; batch++)
        {
            var writer = new SegmentWriter();
            for (var row = batch - 1; row < segments * rowsEach; row += segments)
            {
                // Numbers that do not pack: the objects are as large as they look.
                var value = Document.FromText($"{{\"v\":\"{Guid.NewGuid()}{Guid.NewGuid()}{Guid.NewGuid()}\"}}");
                writer.Add(new SegmentRow(Key(row), new RowVersion(1, new Stamp("s1.1", batch), RowState.Present, value)));
            }

            var content = writer.Finish();
            var entry = new ManifestEntry("s1.1", batch, ManifestKind.Segment, batch, batch, 1, [], "w", writer.Rows, content.Length);
            await _objects.CreateAsync(ObjectNames.ManifestEntry("s1.1", batch), ManifestCodec.Encode(entry, content), World.Ever);
        }
    }

    private static RowKey Key(int number) => World.Key($"user{number:D6}");

    /// <summary>
    /// A store so far away that what is asked for while something is under way is answered with it. Ways are the times that somebody set out.
    /// </summary>
    private sealed class DistantStore(IObjectStore near) : IObjectStore
    {
        private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(150);

        private readonly Lock _lock = new();
        private Task _way = Task.CompletedTask;
        private int _underWay;

        public ConcurrentQueue<string> Reads { get; } = new();

        public int Ways { get; private set; }

        public int MostAtOnce { get; private set; }

        public int UnderWay => Volatile.Read(ref _underWay);

        public void Begin()
        {
            (Ways, MostAtOnce) = (0, 0);
            Reads.Clear();
        }

        public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            await near.CreateAsync(name, content, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) => GoAsync(name, () => near.GetAsync(name, cancellationToken));

        public ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken) =>
            GoAsync(name, () => near.GetRangeAsync(name, offset, length, cancellationToken));

        public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await GoAsync(prefix, () => ValueTask.FromResult<ReadOnlyMemory<byte>?>(null));
            await foreach (var name in near.ListAsync(prefix, startAfter, cancellationToken))
            {
                yield return name;
            }
        }

        public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => near.DeleteAsync(name, cancellationToken);

        private async ValueTask<ReadOnlyMemory<byte>?> GoAsync(string name, Func<ValueTask<ReadOnlyMemory<byte>?>> read)
        {
            Reads.Enqueue(name);
            Task way;
            lock (_lock)
            {
                MostAtOnce = Math.Max(MostAtOnce, ++_underWay);
                if (_way.IsCompleted)
                {
                    Ways++;
                    _way = Task.Delay(Distance);
                }

                way = _way;
            }

            await way;
            try
            {
                return await read();
            }
            finally
            {
                Interlocked.Decrement(ref _underWay);
            }
        }
    }
}
