using System.Diagnostics;
using Mjolnir.Core.Keys;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>One shard goes away while batches touch it, or its server dies: calls for rows of the other shard, at the server that was about to commit over both, are answered on, and those for rows of this one again within five seconds.</summary>
public sealed class The_others_go_on(ClassicCluster cluster, ITestOutputHelper output) : FaultsUnderLoad(cluster, output), IClassFixture<ClassicCluster>
{
    [Fact]
    public Task While_a_memcached_is_killed() => WatchAsync("kill -9 of the memcached", Memcached, process => process.Kill(), _ => { });

    [Fact]
    public Task While_a_memcached_stands_still() => WatchAsync("SIGSTOP of the memcached", Memcached, process => process.Stop(), process => process.Wake());

    [Fact]
    public Task While_an_app_server_is_killed() => WatchAsync("kill -9 of the app server", stack => $"app --config {Cluster.Data}/s{stack}-app/", process => process.Kill(), _ => { });

    private string Memcached(int stack) => $"memcached -l 127.0.0.1 -p {Cluster.CachePort(stack)} ";

    /// <summary>The longest time without any answer to calls for rows of one shard only is measured from the fault on, for both shards.</summary>
    private async Task WatchAsync(string fault, Func<int, string> words, Action<ClusterProcess> begin, Action<ClusterProcess> end) =>
        Assert.InRange(await Quickest.OfAsync(FaultLimits.Healing, () => LongestPauseAsync(fault, words, begin, end)), TimeSpan.Zero, FaultLimits.Healing);

    /// <summary>Of all rounds, the longest time that rows of either shard stood still.</summary>
    private async Task<TimeSpan> LongestPauseAsync(string fault, Func<int, string> words, Action<ClusterProcess> begin, Action<ClusterProcess> end)
    {
        var longest = TimeSpan.Zero;
        await UnderAsync(fault, async (round, clients) =>
        {
            var stood = await RoundAsync(fault, round, clients, words, begin, end);
            longest = stood > longest ? stood : longest;
        });
        return longest;
    }

    private async Task<TimeSpan> RoundAsync(string fault, int round, LedgerClients clients, Func<int, string> words, Action<ClusterProcess> begin, Action<ClusterProcess> end)
    {
        var (away, near) = (Stack(round), Stack(round + 1));
        var shards = await Cluster.ShardsAsync(Cluster.Server(near));
        await using var others = await ShardCallers.StartAsync(Cluster, Cluster.Server(near), shards, $"s{near}", clients.History, FaultLimits.Clients + 1);
        await using var concerned = await ShardCallers.StartAsync(Cluster, Cluster.Server(near), shards, $"s{away}", clients.History, FaultLimits.Clients + 1 + ShardCallers.Callers);
        await others.ReachAsync(FaultLimits.AroundAFault);
        await concerned.ReachAsync(FaultLimits.AroundAFault);

        var process = await Cluster.ProcessAsync(words(away));
        others.Watch();
        concerned.Watch();
        begin(process);
        await Task.Delay(FaultLimits.Watched);
        end(process);
        var (stood, healed) = (others.LongestPause, concerned.LongestPause);
        await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
        await others.StopAsync();
        await concerned.StopAsync();
        Cluster.Acknowledged.AddRange([.. others.Acknowledged, .. concerned.Acknowledged]);

        Output.WriteLine($"{fault} of s{away}: rows of s{near} stood still for {stood.TotalSeconds:F2} s at most, those of s{away} for {healed.TotalSeconds:F2} s");
        return stood > healed ? stood : healed;
    }

    /// <summary>Callers whose transfers touch rows of one shard only: accounts, receipts and the outcomes of their ids all lie in its slots.</summary>
    private sealed class ShardCallers : IAsyncDisposable
    {
        public const int Callers = 4;
        private const int Names = 100_000;

        private readonly LedgerCallers _callers;
        private readonly Lock _gate = new();
        private TimeSpan _longest;
        private long _last;

        private ShardCallers(LedgerCallers callers) => _callers = callers;

        public IReadOnlyCollection<Transfer> Acknowledged => _callers.Acknowledged;

        /// <summary>The longest time between two answers since <see cref="Watch"/>, the one that still lasts included.</summary>
        public TimeSpan LongestPause
        {
            get
            {
                lock (_gate)
                {
                    return TimeSpan.FromTicks(Math.Max(_longest.Ticks, Stopwatch.GetElapsedTime(_last).Ticks));
                }
            }
        }

        public static async Task<ShardCallers> StartAsync(ClassicCluster cluster, Uri server, string[] shards, string shard, LedgerHistory history, int firstClient)
        {
            bool IsThere(string table, string key) => RowKey.TryCreate("ledger", table, key, out var row) && shards[Slots.Of(row)] == shard;
            var run = Guid.NewGuid().ToString("N")[..8];
            var accounts = Enumerable.Range(0, FaultLimits.Accounts).Where(account => IsThere("accounts", $"n{account}")).ToArray();
            var users = Enumerable.Range(0, Names).Select(i => $"u{i}").Where(user => IsThere("_tx", $"{{{user}}}x")).Take(Callers);
            var numbers = Enumerable.Range(0, Names).Select(i => $"{run}-{i}").Where(number => IsThere("receipts", number));
            var callers = new ShardCallers(new LedgerCallers(cluster.Http, server, accounts, numbers, history, firstClient));
            callers.Watch();
            await callers._callers.StartAsync(users, callers.Note);
            return callers;
        }

        public Task ReachAsync(int more) => _callers.ReachAsync(more);

        public void Watch()
        {
            lock (_gate)
            {
                (_longest, _last) = (TimeSpan.Zero, Stopwatch.GetTimestamp());
            }
        }

        public Task StopAsync() => _callers.StopAsync();

        public ValueTask DisposeAsync() => new(StopAsync());

        private void Note()
        {
            lock (_gate)
            {
                var now = Stopwatch.GetTimestamp();
                _longest = TimeSpan.FromTicks(Math.Max(_longest.Ticks, Stopwatch.GetElapsedTime(_last, now).Ticks));
                _last = now;
            }
        }
    }
}
