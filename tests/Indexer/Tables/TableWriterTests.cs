using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tests.Tables;

public class TableWriterTests
{
    private const int Steps = 12;
    private static readonly PageSizes Small = new(250, 1200);
    private static readonly IndexDeclaration ByN = new("byN", [new("n", IndexedKind.Number)], null, ["n"], IsUnique: false);
    private static readonly TableLayout Layout = new("t", new TableIndexes([ByN], [], null));

    private readonly EmbeddedIndexPages _store = new();

    /// <summary>The writer is killed at every single operation of a step in turn; what readers see is one of the two states, whole, and the next writer ends right.</summary>
    [Fact]
    public async Task Killed_at_any_operation_readers_see_the_state_before_or_after_and_the_next_writer_goes_on()
    {
        var operations = 0;
        for (var survived = 0; ; survived++)
        {
            var store = new EmbeddedIndexPages();
            var failing = new FailingPages(store);
            var writer = new TableWriter(Layout, term: 1, failing, Small);
            for (var step = 1; step < Steps; step++)
            {
                await writer.StepAsync(Changes(step), [new Stamp("s1.1", step)], default);
            }

            failing.Left = survived;
            var isKilled = false;
            try
            {
                await writer.StepAsync(Changes(Steps), [new Stamp("s1.1", Steps)], default);
            }
            catch (IOException)
            {
                isKilled = true;
            }

            var head = await store.ReadHeadAsync("t", default);
            Assert.Equal(Expected((int)head!.Applied[0].Batch), await ReadAsync(store, head));

            // The next writer knows what the store has (some steps fewer), and is given all batches behind that once more.
            var next = new TableWriter(Layout, term: 2, store, Small);
            await next.BuildAsync(new TableBuild(Layout, Stored(Steps - 4)), [new Stamp("s1.1", Steps - 4)], [], default);
            for (var step = Steps - 5; step <= Steps; step++)
            {
                await next.StepAsync(Changes(step), [new Stamp("s1.1", step)], default);
            }

            head = await store.ReadHeadAsync("t", default);
            Assert.Equal((2, Steps), (head!.Term, head.Applied[0].Batch));
            Assert.Equal(Expected(Steps), await ReadAsync(store, head));
            failing.Left = -1;
            Assert.False(await writer.StepAsync([], [], default));
            Assert.True(writer.IsDeposed);
            if (!isKilled)
            {
                break;
            }

            operations++;
        }

        Assert.InRange(operations, 10, 500);
    }

    [Fact]
    public async Task A_step_that_could_not_be_published_is_published_with_the_next()
    {
        var failing = new FailingPages(_store);
        var writer = new TableWriter(Layout, term: 1, failing, Small);
        await writer.StepAsync(Changes(1), [new Stamp("s1.1", 1)], default);
        for (var survived = 0; survived < 3; survived++)
        {
            failing.Left = survived;
            await Assert.ThrowsAsync<IOException>(async () => await writer.StepAsync(Changes(2), [new Stamp("s1.1", 2)], default));
        }

        failing.Left = -1;
        Assert.True(await writer.StepAsync(Changes(3), [new Stamp("s1.1", 3)], default));

        Assert.Equal(Expected(3), await ReadAsync(_store, (await _store.ReadHeadAsync("t", default))!));
    }

    [Fact]
    public async Task Replaced_pages_stay_for_those_who_read_and_their_memory_is_used_again_when_these_have_ended()
    {
        var writer = new TableWriter(Layout, term: 1, _store, Small);
        await writer.StepAsync(Changes(1), [new Stamp("s1.1", 1)], default);
        var old = (await _store.ReadHeadAsync("t", default))!;
        var early = _store.Readers.Begin();
        for (var step = 2; step <= Steps; step++)
        {
            await writer.StepAsync(Changes(step), [new Stamp("s1.1", step)], default);
        }

        Assert.Equal(Expected(1), await ReadAsync(_store, old));

        // Somebody who began while they were still found keeps what was found; nobody finds them any more.
        var found = (await _store.ReadAsync("t", old.Trees[0].Root, default))!;
        var before = found.Bytes.ToArray();
        var late = _store.Readers.Begin();
        early.Dispose();
        await writer.StepAsync([], [new Stamp("s1.1", Steps + 1)], default);
        Assert.Null(await TryReadAsync(_store, old));
        Assert.Equal(before, found.Bytes.ToArray());

        late.Dispose();
        await writer.StepAsync([], [new Stamp("s1.1", Steps + 2)], default);
        Assert.NotEqual(before, found.Bytes.ToArray());
        Assert.Equal(writer.Trees.Pages.Count, _store.Count);
        Assert.Equal(Expected(Steps), await ReadAsync(_store, writer.Head!));
    }

    [Fact]
    public async Task Steps_without_readers_need_no_more_memory_than_two_states_have()
    {
        var writer = new TableWriter(Layout, term: 1, _store, PageSizes.Usual);
        for (var step = 1; step <= 1_000; step++)
        {
            await writer.StepAsync(Changes(step), [new Stamp("s1.1", step)], default);
        }

        Assert.InRange(writer.Trees.Pages.Buffers.Bytes, 1, 8 * 256 * 1024);
    }

    [Fact]
    public async Task The_vector_names_the_last_batch_of_each_log_and_never_goes_back()
    {
        var writer = new TableWriter(Layout, term: 1, _store, Small);
        await writer.StepAsync([], [new Stamp("s2.1", 4), new Stamp("s1.1", 9)], default);
        await writer.StepAsync([], [new Stamp("s1.1", 7), new Stamp("s1.2", 1)], default);

        Assert.Equal([new Stamp("s1.1", 9), new Stamp("s1.2", 1), new Stamp("s2.1", 4)], (await _store.ReadHeadAsync("t", default))!.Applied);
    }

    /// <summary>Batch <paramref name="step"/>: 30 rows change, some leave.</summary>
    private static List<RowChange> Changes(int step) =>
        [.. Enumerable.Range(0, 30).Select(i => (step * 17) + (i * 3)).Select(i => new RowChange($"k{i % 100}", step, i % 7 == 0 ? null : Document.FromText($$"""{"n":{{(i * step) % 50}}}""")))];

    /// <summary>The newest version of each row up to a step, as the store has it.</summary>
    private static List<RowChange> Stored(int step) =>
        [.. Enumerable.Range(1, step).SelectMany(Changes).GroupBy(row => row.PrimaryKey).Select(versions => versions.MaxBy(row => row.Version))];

    private static List<string> Expected(int step) =>
        [.. Stored(step).Where(row => row.Value is not null)
            .Select(row => (N: int.Parse(row.Value!.ToString()[5..^1]), row.PrimaryKey))
            .OrderBy(row => row.N).ThenBy(row => row.PrimaryKey, StringComparer.Ordinal).Select(row => $"{row.N} {row.PrimaryKey}")];

    private static async Task<List<string>> ReadAsync(EmbeddedIndexPages store, IndexHead head)
    {
        var found = await TryReadAsync(store, head);
        Assert.NotNull(found);
        return found;
    }

    private static async Task<List<string>?> TryReadAsync(EmbeddedIndexPages store, IndexHead head)
    {
        var walk = new RangeWalk(TreeShape.Of(ByN), head.Trees[0], KeyRange.All, backward: false, skip: 0, limit: int.MaxValue);
        if (!await IndexReader.TryRunAsync(store, head.Table, walk, default))
        {
            return null;
        }

        return [.. walk.Found.Select(entry => OrderedKey.TryNumber(entry.Key, out var n) ? $"{n} {Encoding.UTF8.GetString(TreeShape.Of(ByN).PrimaryKeyOf(entry.Key))}" : "null")];
    }
}
