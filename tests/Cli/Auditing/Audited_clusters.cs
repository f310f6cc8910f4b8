using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Shards;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Auditing;

/// <summary>Real servers commit while shards come, go and lose their memory: the auditor, which hardly rests, says nothing; then something is changed by hand, and it says so.</summary>
public sealed class Audited_clusters(ITestOutputHelper output)
{
    private const int Accounts = 150;
    private const long FirstBalance = 1000;

    /// <summary>Of a busy machine for one step: a view, or a difference to be met.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Load between two changes.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Are_silent_while_views_change_under_load_and_tell_what_is_changed_by_hand()
    {
        await using var cluster = new ProcesslessCluster();
        var shards = new[] { "s1", "s2" };
        await Task.WhenAll(shards.Select(cluster.JoinAsync));
        await cluster.OpenAsync(view => view.Shards.Count == 2, Patience);
        await SeedAsync(cluster);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 6).Select(seed => Task.Run(() => ClientAsync(cluster, seed, stop.Token))).ToArray();

        // Slots move to a third shard; one loses its memory; a server leaves; another loses its memory as if flushed.
        await Task.Delay(Between);
        await cluster.JoinAsync("s3");
        await cluster.OpenAsync(view => view.Shards.Count == 3, Patience);
        await Task.Delay(Between);
        await LoseMemoryAsync(cluster, "s2", cluster.Shard("s2").Restart);
        await Task.Delay(Between);
        await cluster.LeaveAsync("s3").WaitAsync(Patience);
        await Task.Delay(Between);
        await LoseMemoryAsync(cluster, "s1", cluster.Shard("s1").Flush);
        await Task.Delay(Between);
        await stop.CancelAsync();
        var committed = (await Task.WhenAll(clients)).Sum();

        var figures = cluster.Auditor.Figures;
        output.WriteLine($"{committed} transactions, {figures}");
        Assert.Empty(cluster.Differences);
        Assert.Empty(cluster.Violations);
        Assert.Contains(cluster.Unlabelled, told => told is { Kind: ViolationKind.UnlabelledShard, Part: "shard s2" });
        Assert.True(figures.Rounds >= 10 && figures.Rows >= 10 * Accounts, $"{figures}");
        Assert.Equal(Accounts * FirstBalance, await MoneyAsync(cluster));

        // The same auditor meets what is changed now.
        await ChangeByHandAsync(cluster, Account(7));
        for (var began = TimeProvider.System.GetTimestamp(); cluster.Differences.IsEmpty; await Task.Delay(50))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"{cluster.Auditor.Figures}");
        }

        Assert.Equal($"row {Account(7)}", cluster.Differences.First().Part);
        Assert.Contains(cluster.Differences.First().Kind, new[] { ViolationKind.ValueDiffers, ViolationKind.RowMissingInStore });
    }

    private static async Task LoseMemoryAsync(ProcesslessCluster cluster, string shard, Action lose)
    {
        var before = await cluster.OpenAsync(_ => true, Patience);
        var label = before.Shards.Single(each => each.Name == shard).Label;
        lose();
        await cluster.OpenAsync(view => view.Shards.Any(each => each.Name == shard && each.Label != label), Patience);
    }

    private static async Task ChangeByHandAsync(ProcesslessCluster cluster, RowKey key)
    {
        var view = await cluster.OpenAsync(_ => true, Patience);
        var range = view.Slots.Single(range => range.First <= Slots.Of(key) && Slots.Of(key) <= range.Last);
        await using var connection = cluster.Shard(view.Shards[range.Shard].Name).Connect();
        var item = new ShardOperation { Verb = ShardVerb.Get, CacheKey = string.Create(CultureInfo.InvariantCulture, $"{range.Since}:{key.Text}") };
        await connection.RunAsync([item], CancellationToken.None);
        var current = EnvelopeCodec.Decode(item.Value).Current;
        item.Value = EnvelopeCodec.Encode(Envelope.Of(current with { Value = Balance(999_999) }));
        item.Verb = ShardVerb.CompareAndSet;
        await connection.RunAsync([item], CancellationToken.None);
        Assert.Equal(ShardStatus.Stored, item.Status);
    }

    private static async Task SeedAsync(ProcesslessCluster cluster)
    {
        var keys = Enumerable.Range(0, Accounts).Select(Account).ToArray();
        while (await cluster.Server("s1").RunBuiltInAsync((rows, writes) =>
        {
            writes.AddRange(keys.Select(key => new RowWrite(key, Balance(FirstBalance))));
            return keys.Aggregate(true, (all, key) => rows.TryRead(key, out _) & all);
        }, CancellationToken.None) != TransactionStatus.Committed)
        {
            await Task.Delay(50);
        }
    }

    private static async Task<long> MoneyAsync(ProcesslessCluster cluster)
    {
        var keys = Enumerable.Range(0, Accounts).Select(Account).ToArray();
        var sum = 0L;
        while (await cluster.Server("s1").RunBuiltInAsync((rows, _) =>
        {
            var found = keys.Select(key => (Known: rows.TryRead(key, out var row), Row: row)).ToArray();
            sum = found.Sum(each => each.Row is null ? 0 : Amount(each.Row));
            return found.All(each => each.Known);
        }, CancellationToken.None) != TransactionStatus.Committed)
        {
            await Task.Delay(50);
        }

        return sum;
    }

    /// <summary>Transfers, and rows that come and go.</summary>
    private static async Task<int> ClientAsync(ProcesslessCluster cluster, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        var committed = 0;
        while (!stop.IsCancellationRequested)
        {
            var server = cluster.Server(random.Next(2) == 0 ? "s1" : "s2");
            var (from, to, passing) = (Account(random.Next(Accounts)), Account(random.Next(Accounts)), Key($"passing{random.Next(60)}"));
            var kind = random.Next(10);
            var status = await server.RunBuiltInAsync((rows, writes) => kind < 8 ? Transfer(from, to, rows, writes) : ComeOrGo(passing, rows, writes), CancellationToken.None);
            committed += status == TransactionStatus.Committed ? 1 : 0;
            await Task.Delay(random.Next(4), CancellationToken.None);
        }

        return committed;
    }

    private static bool Transfer(RowKey from, RowKey to, IRowSource rows, List<RowWrite> writes)
    {
        if (!rows.TryRead(from, out var one) | !rows.TryRead(to, out var other))
        {
            return false;
        }

        if (from != to)
        {
            writes.Add(new RowWrite(from, Balance(Amount(one!) - 1)));
            writes.Add(new RowWrite(to, Balance(Amount(other!) + 1)));
        }

        return true;
    }

    private static bool ComeOrGo(RowKey key, IRowSource rows, List<RowWrite> writes)
    {
        if (!rows.TryRead(key, out var row))
        {
            return false;
        }

        writes.Add(new RowWrite(key, row is null ? Balance(1) : null));
        return true;
    }

    private static RowKey Account(int number) => Key(string.Create(CultureInfo.InvariantCulture, $"account{number}"));

    private static RowKey Key(string name) => RowKey.TryCreate("bank", "users", name, out var key) ? key : throw new ArgumentException(name);

    private static Document Balance(long balance) => Document.FromText(string.Create(CultureInfo.InvariantCulture, $"{{\"balance\":{balance}}}"));

    private static long Amount(Document row) => long.Parse(Encoding.UTF8.GetString(row.Utf8.Span[11..^1]), CultureInfo.InvariantCulture);
}
