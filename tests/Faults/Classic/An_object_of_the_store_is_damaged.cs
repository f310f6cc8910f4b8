using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A byte of a stored object is flipped, and memcacheds forget: exactly the rows of a damaged block are refused, everything else is served, and once the object is put back these rows too, without any restart.</summary>
public sealed class An_object_of_the_store_is_damaged(ClassicCluster cluster, ITestOutputHelper output) : IClassFixture<ClassicCluster>
{
    /// <summary>Notes of which eight make a block, and enough of them for some blocks, though they come in several objects.</summary>
    private const int Notes = 120;

    private const int NoteTimes = 800;

    private static readonly string[] Names = [.. Enumerable.Range(0, Notes).Select(i => $"kept{i:D3}")];

    [Fact]
    public async Task Exactly_its_rows_are_refused_and_everything_else_is_served_until_it_is_put_back()
    {
        await cluster.SettledAsync();
        var teller = new Ledger(cluster.Http);
        await teller.SignInAsync(cluster.Proxy, "teller");
        await Task.WhenAll(Names.Select(name => teller.ResultAsync(cluster.Server(1), "note", $$"""{"id":"{{name}}","args":["{{name}}","0123456789",{{NoteTimes}}]}""")));
        await cluster.StoredAsync();

        using var store = Store();
        var (name, whole) = await LargestAsync(store);
        var (block, behind) = SecondBlock(name, whole);
        var bad = whole.ToArray();
        bad[(int)block.Offset + 10] ^= 0x20;
        await PutAsync(store, name, bad);
        await FlushAsync(1);
        await FlushAsync(2);

        var damaged = NotesIn(name, block, whole);
        Assert.InRange(damaged.Count, 1, Notes - 1);
        foreach (var note in Names)
        {
            // A row of another object, with a key between those of the block, may be taken for one of the block's by the filter, once in a hundred times.
            var key = RowKey.FromText($"ledger/notes/{note}");
            var isRefused = await IsRefusedAsync(teller, note, name);
            Assert.True(damaged.Contains(note) ? isRefused : !isRefused || (key.CompareTo(block.First) > 0 && key.CompareTo(behind) < 0), $"{note} is {(isRefused ? "refused" : "served")}");
        }

        await ToldAsync($"rows from {block.First} to before {behind}");
        Assert.DoesNotContain("The keeper of the view stopped", cluster.Output, StringComparison.Ordinal);
        await OthersGoOnAsync();

        await PutAsync(store, name, whole);
        Assert.All((await teller.ResultAsync(cluster.Proxy, "lengths", $$"""{"args":[{{JsonSerializer.Serialize(Names)}}]}""")).EnumerateArray(), length => Assert.Equal(NoteTimes * 10, length.GetInt32()));
        output.WriteLine($"{damaged.Count} of {Notes} rows were refused while block 2 of {name} was damaged");
    }

    [Fact]
    public async Task A_damaged_entry_of_a_manifest_stops_nothing_for_good_and_no_process()
    {
        await cluster.SettledAsync();
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, FaultLimits.Seed, "entry");
        await clients.StartAsync();
        await clients.ReachAsync(FaultLimits.AroundAFault);
        using var store = Store();
        var names = new List<string>();
        await foreach (var name in store.ListAsync("logs/", null, CancellationToken.None))
        {
            names.Add(name);
        }

        // The newest entry of each log: its last bytes are the entry itself.
        var entries = names.Where(name => name.Contains("/entries/", StringComparison.Ordinal)).GroupBy(name => name.Split('/')[1]).Select(log => log.Max(StringComparer.Ordinal)!).ToList();
        var whole = new Dictionary<string, ReadOnlyMemory<byte>>();
        foreach (var entry in entries)
        {
            whole[entry] = (await store.GetAsync(entry, CancellationToken.None))!.Value;
            var bad = whole[entry].ToArray();
            bad[^40] ^= 1;
            await PutAsync(store, entry, bad);
        }

        // A view must be made for the emptied shard, and another worker must take the log over.
        string[] parts = [$"app --config {cluster.Data}/s1-app/", $"app --config {cluster.Data}/s2-app/"];
        var before = (await cluster.ProcessAsync(parts[0])).Id + (await cluster.ProcessAsync(parts[1])).Id;
        await FlushAsync(1);
        (await cluster.ProcessAsync($"write-behind --config {cluster.Data}/s1-write-behind/")).Kill();
        await ToldOfAsync(entries);
        foreach (var entry in entries)
        {
            await PutAsync(store, entry, whole[entry]);
        }

        await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
        await clients.FinishAsync();
        Assert.Empty(clients.Wrong);
        output.WriteLine(await clients.CheckAsync("while entries were damaged"));
        await cluster.StoredAsync();
        Assert.DoesNotContain("stopped for good", cluster.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("The server stopped", cluster.Output, StringComparison.Ordinal);
        Assert.Equal(before, (await cluster.ProcessAsync(parts[0])).Id + (await cluster.ProcessAsync(parts[1])).Id);
    }

    private async Task ToldOfAsync(IReadOnlyList<string> objects)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (!objects.Any(name => cluster.Output.Contains(name, StringComparison.Ordinal)))
        {
            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    /// <summary>The second block of the object's segment, and the key that the third begins with.</summary>
    private static (SegmentBlock Block, RowKey Behind) SecondBlock(string name, ReadOnlyMemory<byte> whole)
    {
        var segment = whole[..^ManifestCodec.LengthOf(name, whole.Span)];
        var footer = SegmentFooter.Decode(name, segment.Length, segment.Span);
        var index = SegmentIndex.Decode(name, footer, segment.Slice((int)footer.IndexOffset, footer.IndexLength));
        Assert.InRange(index.Blocks.Count, 3, int.MaxValue);
        return (index.Blocks[1], index.Blocks[2].First);
    }

    private static List<string> NotesIn(string name, SegmentBlock block, ReadOnlyMemory<byte> whole)
    {
        var rows = new SegmentBlockReader(name, block, whole.Slice((int)block.Offset, block.Length));
        var notes = new List<string>();
        while (rows.TryRead())
        {
            if (rows.Current.Key.Table == "notes")
            {
                notes.Add(rows.Current.Key.PrimaryKey);
            }
        }

        return notes;
    }

    /// <summary>Asks until the row is served, or refused because of that object; while a view is opened it may be neither.</summary>
    private async Task<bool> IsRefusedAsync(Ledger teller, string note, string name)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (true)
        {
            var (status, body) = await teller.CallAsync(cluster.Proxy, "lengths", $$"""{"args":[["{{note}}"]]}""", patience.Token);
            if (status == HttpStatusCode.OK)
            {
                return false;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            if (body.Contains(name, StringComparison.Ordinal))
            {
                return true;
            }

            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    private async Task ToldAsync(string rows)
    {
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (!cluster.Output.Contains(rows, StringComparison.Ordinal))
        {
            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }

        Assert.True(await cluster.WorkerFigureAsync(1, "mjolnir_invariant_violations_total") + await cluster.WorkerFigureAsync(2, "mjolnir_invariant_violations_total") > 0);
    }

    private async Task OthersGoOnAsync()
    {
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, FaultLimits.Seed, "meanwhile");
        await clients.StartAsync();
        await clients.ReachAsync(FaultLimits.AroundAFault);
        await clients.FinishAsync();
        Assert.Empty(clients.Wrong);
        output.WriteLine(await clients.CheckAsync("while an object is damaged"));
    }

    private S3ObjectStore Store()
    {
        using var configuration = JsonDocument.Parse(File.ReadAllText(Path.Combine(cluster.Data, "s1-write-behind", "stack.json")));
        var section = configuration.RootElement.GetProperty("Store");
        string Of(string name) => section.GetProperty(name).GetString()!;
        return new S3ObjectStore(new S3Settings(new Uri(Of("Endpoint")), Of("Bucket")) { AccessKey = Of("AccessKey"), SecretKey = Of("SecretKey") }, TimeProvider.System);
    }

    private static async Task<(string Name, ReadOnlyMemory<byte> Whole)> LargestAsync(S3ObjectStore store)
    {
        (string Name, ReadOnlyMemory<byte> Whole) largest = ("", ReadOnlyMemory<byte>.Empty);
        await foreach (var name in store.ListAsync("logs/", null, CancellationToken.None))
        {
            var content = await store.GetAsync(name, CancellationToken.None) ?? throw new InvalidOperationException($"{name} is gone.");
            largest = content.Length > largest.Whole.Length ? (name, content) : largest;
        }

        return largest;
    }

    /// <summary>What no part of the product does: an object is replaced.</summary>
    private static async Task PutAsync(S3ObjectStore store, string name, ReadOnlyMemory<byte> content)
    {
        await store.DeleteAsync(name, CancellationToken.None);
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync(name, content, CancellationToken.None));
    }

    private async Task FlushAsync(int stack)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", cluster.CachePort(stack));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("flush_all\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("OK", await reader.ReadLineAsync());
    }
}
