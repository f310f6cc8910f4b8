using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Servers;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Compaction;

namespace Mjolnir.Benchmarks;

/// <summary>
/// A cold start's reading: a store of many rows as write-behind leaves it (segments of many seconds, then compacted, then some more segments), opened, searched and streamed. On a folder,
/// on Ceph's S3, or on it with 60 ms added to each request, as far away as the real service.
/// </summary>
internal static class StoreBenchmark
{
    private const int Segments = 200;

    public static async Task<int> RunAsync(int rows, string[] where)
    {
        var folder = Path.Combine(Path.GetTempPath(), "mjolnir-store-" + Guid.NewGuid().ToString("N"));
        var s3 = where is ["s3"] or ["distant"] ? await S3Server.SharedAsync() : null;
        IObjectStore store = s3 is null ? new FolderObjectStore(folder) : await s3.NewStoreAsync();
        var requests = new StoreRequests();
        var seen = new CountedObjectStore(where is ["distant"] ? new DistantStore(store) : store, requests);
        try
        {
            await TimedAsync($"writing {rows} rows in {Segments} segments", requests, async () => await WriteAsync(store, rows));
            await ReadAsync("segments", seen, requests, rows);
            await TimedAsync("compacting", requests, async () => await new Compactor(store, TimeProvider.System, new WriteBehindLimits(), "bench").RoundAsync(CancellationToken.None));
            await ReadAsync("runs", seen, requests, rows);
            return 0;
        }
        finally
        {
            if (s3 is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task ReadAsync(string what, CountedObjectStore store, StoreRequests requests, int rows)
    {
        StoredRows? stored = null;
        await TimedAsync($"{what}: snapshot", requests, async () => stored = await StoredRows.OpenAsync(store, CancellationToken.None));
        await TimedAsync($"{what}: first find", requests, async () => Require(await stored!.FindAsync(Key(rows / 2), CancellationToken.None) is not null));
        await TimedAsync($"{what}: second find", requests, async () => Require(await stored!.FindAsync(Key(rows / 3), CancellationToken.None) is not null));
        await TimedAsync($"{what}: 200 finds at once", requests, async () =>
            await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => Require(await stored!.FindAsync(Key(i * (rows / 200)), CancellationToken.None) is not null))));
        await TimedAsync($"{what}: streaming all", requests, async () =>
        {
            var count = 0;
            await foreach (var _ in stored!.StreamAsync(null, CancellationToken.None))
            {
                count++;
            }

            Require(count == rows);
        });
    }

    private static async Task WriteAsync(IObjectStore store, int rows)
    {
        const string Log = "s1.1";
        await new ClusterRegistry(store).RegisterLogAsync(Log, CancellationToken.None);
        var random = new Random(1);
        var order = Enumerable.Range(0, rows).ToArray();
        random.Shuffle(order);
        await Parallel.ForAsync(0, Segments, async (segment, token) =>
        {
            var writer = new SegmentWriter();
            foreach (var number in order.Where((_, i) => i % Segments == segment).Order())
            {
                var value = Document.FromText(string.Create(CultureInfo.InvariantCulture, $"{{\"name\":\"user{number:D7}\",\"balance\":{number * 7 % 10007},\"note\":\"account number {number}\"}}"));
                writer.Add(new SegmentRow(Key(number), new RowVersion(1, new Stamp(Log, segment + 1), RowState.Present, value)));
            }

            var content = writer.Finish();
            var entry = new ManifestEntry(Log, segment + 1, ManifestKind.Segment, segment + 1, segment + 1, 1, [], "bench", writer.Rows, content.Length);
            await store.CreateSettledAsync(ObjectNames.ManifestEntry(Log, entry.Number), ManifestCodec.Encode(entry, content), token);
        });
    }

    private static RowKey Key(int number) =>
        RowKey.TryCreate("bank", "users", string.Create(CultureInfo.InvariantCulture, $"user{number:D7}"), out var key) ? key : throw new UnreachableException();

    private static async Task TimedAsync(string what, StoreRequests requests, Func<Task> run)
    {
        var (began, before, cpu, allocated) = (Stopwatch.GetTimestamp(), requests.Figures, Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        await run();
        var used = requests.Figures.Since(before);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-40} {Stopwatch.GetElapsedTime(began).TotalSeconds,7:F3} s  cpu {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds,6:F2} s  {used.Gets,5} GET {used.Lists,3} LIST {used.BytesIn / 1e6,7:F1} MB in  allocated {(GC.GetTotalAllocatedBytes() - allocated) / 1e6,7:F0} MB  heap {GC.GetTotalMemory(false) / 1e6,6:F0} MB"));
    }

    private static void Require(bool right)
    {
        if (!right)
        {
            throw new InvalidOperationException("The store does not give what was written.");
        }
    }

    /// <summary>The real service's distance.</summary>
    private sealed class DistantStore(IObjectStore store) : IObjectStore
    {
        private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(60);

        public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            await Task.Delay(Distance, cancellationToken);
            return await store.CreateAsync(name, content, cancellationToken);
        }

        public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken)
        {
            await Task.Delay(Distance, cancellationToken);
            return await store.GetAsync(name, cancellationToken);
        }

        public async ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken)
        {
            await Task.Delay(Distance, cancellationToken);
            return await store.GetRangeAsync(name, offset, length, cancellationToken);
        }

        public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Delay(Distance, cancellationToken);
            await foreach (var name in store.ListAsync(prefix, startAfter, cancellationToken))
            {
                yield return name;
            }
        }

        public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
        {
            await Task.Delay(Distance, cancellationToken);
            await store.DeleteAsync(name, cancellationToken);
        }
    }
}
