using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>
/// Three servers at full speed while the view changes every few milliseconds: slots move, shards come, go, lose their memory or their connections, operations arrive late,
/// publishes have unknown outcomes, servers fail to cross and are sealed. Each transfer has an id and is repeated at any server until it is committed; in the end every account must
/// be what the transfers make of it, each once, and no audit may ever have seen another sum.
/// </summary>
public sealed class RandomViewTests
{
    private const int Accounts = 24;
    private const int Clients = 12;
    private const long Balance = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly string[] Names = ["A", "B", "C"];

    [Theory]
    [InlineData(1, 12)]
    [InlineData(2, 12)]
    public async Task Money_and_ids_are_right_whatever_the_view_does(int seed, int changes)
    {
        var limits = new CommitterLimits
        {
            LogLease = TimeSpan.FromMilliseconds(500),
            SettlePatience = TimeSpan.FromMilliseconds(200),
            SettlePause = TimeSpan.FromMilliseconds(2),
            FirstRetry = TimeSpan.FromMilliseconds(2),
            LeasePause = TimeSpan.FromMilliseconds(1),
            LooksBeforeTakeOver = 5,
            LongestRetry = TimeSpan.FromMilliseconds(20),
            ForeignPatience = TimeSpan.FromSeconds(30),
            TransactionPatience = TimeSpan.FromSeconds(5),
            OutcomeLife = TimeSpan.FromMinutes(10),
        };
        await using var run = new Run(new ViewCluster(limits, static () => new Transfers()), seed);
        await run.StartAsync();
        await run.ChangeAsync(changes);
        await run.CheckAsync();
    }

    private sealed class Run(ViewCluster cluster, int seed) : IAsyncDisposable
    {
        private readonly ConcurrentBag<(int From, int To)> _committed = [];
        private readonly ConcurrentBag<string> _wrong = [];
        private readonly Random _random = new(seed);
        private int _audits;
        private int _views;
        private volatile bool _calm;
        private volatile bool _over;

        public async Task StartAsync()
        {
            await cluster.OpenAsync(cluster.Make(slot => Names[slot % 3]));
            foreach (var name in Names)
            {
                await cluster.AddServerAsync(name);
            }

            Assert.Equal(TransactionStatus.Committed, await ProtocolCluster.Run(cluster.A, [], _ => [.. Enumerable.Range(0, Accounts).Select(i => (Account(i), (long?)Balance))]));
            foreach (var server in Names)
            {
                foreach (var shard in Names)
                {
                    var faults = new Random(_random.Next());
                    cluster.Connection(server, shard).Fault = () => Fault(faults);
                }
            }

            var fates = new Random(_random.Next());
            cluster.Logs.Decide = _ => Task.FromResult(Fate(fates));
            cluster.Logs.DecideMarker = async _ =>
            {
                // A log that was just made is without a message for a while: views are made and opened meanwhile.
                await Task.Delay(Pause(fates));
                return Fate(fates);
            };
        }

        public async Task ChangeAsync(int changes)
        {
            using var stop = new CancellationTokenSource();
            var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() => ClientAsync(i, new Random((seed * 1000) + i), stop.Token))).ToArray();
            var keeper = Task.Run(() => KeepAsync(changes, stop));
            Task[] all = [keeper, .. clients];
            try
            {
                // Who fails first is what went wrong; the others would go on for ever.
                await Task.WhenAny([Task.WhenAll(all), .. all.Select(FaultOf), .. Names.Select(name => BreakOf(cluster.Server(name)))]).Unwrap().WaitAsync(Patience);
            }
            finally
            {
                _over = true;
            }
        }

        public async Task CheckAsync()
        {
            var expected = Enumerable.Repeat(Balance, Accounts).ToArray();
            foreach (var (from, to) in _committed)
            {
                expected[from]--;
                expected[to]++;
            }

            var found = new long[Accounts];
            for (var i = 0; i < Accounts; i++)
            {
                found[i] = await Read(cluster.Server(Names[i % 3]), Account(i)) ?? 0;
                var versions = cluster.Logs.VersionsOf(Key(Account(i)));
                Assert.Equal(Enumerable.Range(1, versions.Count).Select(version => (long)version), versions);
            }

            Assert.Empty(_wrong);
            Assert.Equal(expected, found);
            Assert.True(_committed.Count > 50 && _audits > 5, $"{_committed.Count} transfers, {_audits} audits: too little happened");
        }

        public ValueTask DisposeAsync() => cluster.DisposeAsync();

        /// <summary>Ends only if the task fails, and as it did.</summary>
        private static async Task FaultOf(Task task)
        {
            await task;
            await new TaskCompletionSource().Task;
        }

        private static async Task BreakOf(TransactionServer server) => throw await server.Failed;

        private static string Account(int i) => $"acc{i}";

        private ScriptedShard.PassFault Fault(Random random)
        {
            lock (random)
            {
                return _calm || random.Next(300) > 0 ? ScriptedShard.PassFault.None : (ScriptedShard.PassFault)random.Next(1, 4);
            }
        }

        private static int Pause(Random random)
        {
            lock (random)
            {
                return random.Next(10);
            }
        }

        private PublishFate Fate(Random random)
        {
            lock (random)
            {
                return _calm || random.Next(60) > 0 ? PublishFate.Confirm : (PublishFate)random.Next(1, 4);
            }
        }

        private async Task ClientAsync(int client, Random random, CancellationToken stop)
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                if (random.Next(8) == 0)
                {
                    await AuditAsync(cluster.Server(Names[random.Next(3)]));
                    continue;
                }

                var from = random.Next(Accounts);
                var to = (from + 1 + random.Next(Accounts - 1)) % Accounts;
                var id = $"{client}-{n}";
                while (!await TransferAsync(cluster.Server(Names[random.Next(3)]), $"user{client}", id, from, to))
                {
                    // Nothing happened, or nobody knows: the same id again, at any server.
                    if (_over)
                    {
                        return;
                    }
                }

                _committed.Add((from, to));
            }
        }

        private static async Task<bool> TransferAsync(TransactionServer server, string user, string id, int from, int to)
        {
            var call = Transfers.Call(user, id, from, to);
            var one = server.RunAsync(call, CancellationToken.None).AsTask();
            var answer = id.EndsWith('7') ? (await Task.WhenAll(one, server.RunAsync(call, CancellationToken.None).AsTask()))[0] : await one;
            Assert.NotEqual(TransactionStatus.Aborted, answer.Status);
            return answer.Status == TransactionStatus.Committed;
        }

        private async Task AuditAsync(TransactionServer server)
        {
            string[] accounts = [.. Enumerable.Range(0, Accounts).Select(Account)];
            long? sum = null;
            var status = await ProtocolCluster.Run(server, accounts, values =>
            {
                sum = values.Sum();
                return [];
            });
            if (status == TransactionStatus.Committed)
            {
                Interlocked.Increment(ref _audits);
                if (sum != Accounts * Balance)
                {
                    _wrong.Add($"an audit at {server.Name} saw {sum}");
                }
            }
        }

        private async Task KeepAsync(int changes, CancellationTokenSource stop)
        {
            while (_views < changes)
            {
                await Task.Delay(_random.Next(1, 8));
                await ChangeAsync(Next(), zombie: _random.Next(12) == 0 ? Names[_random.Next(3)] : null, giveUp: _random.Next(6) == 0);
            }

            // The clients finish what they began: over whatever shards are still without memory, no change ends it.
            _calm = true;
            await stop.CancelAsync();
            await ChangeAsync(cluster.Make(slot => Names[slot % 3], Names), null, giveUp: false);
        }

        private Core.Views.ClusterView Next()
        {
            var before = cluster.View;
            switch (_random.Next(5))
            {
                case 0:
                    var lost = before.Shards[_random.Next(before.Shards.Count)].Name;
                    if (_random.Next(2) == 0)
                    {
                        cluster.Shard(lost).Restart();
                    }
                    else
                    {
                        cluster.Shard(lost).Flush();
                    }

                    return cluster.Relabel(lost);
                case 1:
                    // A shard leaves, or all are there (again: with an empty memory or an old one, under another label).
                    var leaves = _random.Next(2) == 0 ? null : Names[_random.Next(3)];
                    string[] stays = [.. Names.Where(name => name != leaves)];
                    return cluster.Make(slot => stays[slot % stays.Length], [.. Names.Where(name => before.Shards.All(shard => shard.Name != name))]);
                default:
                    return cluster.Move(before.Shards[_random.Next(before.Shards.Count)].Name, [.. Enumerable.Range(0, Accounts).Where(_ => _random.Next(3) == 0).Select(Account)]);
            }
        }

        private async Task ChangeAsync(Core.Views.ClusterView view, string? zombie, bool giveUp)
        {
            if (zombie is not null)
            {
                // It hears nothing; it is sealed like a dead one and finds out by its log.
                var log = cluster.Server(zombie).Log;
                await Task.WhenAll([.. Names.Where(name => name != zombie).Select(name => cluster.Server(name).CrossAsync(view)), log is null ? Task.CompletedTask : cluster.SealAsync(log)]);
            }

            if (giveUp)
            {
                // Whoever was to open it died: some have crossed, and a higher view is made.
                await cluster.Server(Names[_random.Next(3)]).CrossAsync(view);
                return;
            }

            await Task.WhenAll(Names.Select(name => cluster.Server(name).CrossAsync(view)));
            foreach (var (log, batches) in cluster.Logs.All())
            {
                if (!cluster.Logs.IsSealed(log) && !batches.Any(batch => batch.Kind == Core.Batches.BatchKind.View && batch.View >= view.Number))
                {
                    // A log that was being left, or one just made.
                    await cluster.SealAsync(log);
                }
            }

            await cluster.OpenAsync(view);
            foreach (var name in Names.OrderBy(_ => _random.Next()))
            {
                cluster.Activate(view, name);
            }

            _views++;
        }
    }

    /// <summary>An engine with one handler: moves one unit between two accounts.</summary>
    private sealed class Transfers : IScriptEngine
    {
        public static TransactionCall Call(string user, string id, int from, int to) => new(
            new HandlerCall
            {
                Application = ExactlyOnceTests.Adder.Application,
                Handler = ExactlyOnceTests.Adder.Handler("transfer"),
                User = user,
                Args = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[{from},{to}]")),
                Inputs = default,
                Globals = default,
                Seed = new TransactionSeed(1, 1),
            },
            id);

        public RunResult Run(HandlerCall call, IRowSource rows)
        {
            var parts = Encoding.UTF8.GetString(call.Args.Span).Trim('[', ']').Split(',');
            var (from, to) = (Key($"acc{parts[0]}"), Key($"acc{parts[1]}"));
            if (!rows.TryRead(from, out var one) || !rows.TryRead(to, out var other))
            {
                return new RunResult { Status = RunStatus.RowMissing };
            }

            return new RunResult { Status = RunStatus.Completed, Result = "1"u8.ToArray(), Writes = [new RowWrite(from, Changed(one!, -1)), new RowWrite(to, Changed(other!, 1))] };
        }

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }

        private static Document Changed(Document row, long by) =>
            Document.FromText((long.Parse(row.ToString(), CultureInfo.InvariantCulture) + by).ToString(CultureInfo.InvariantCulture));
    }
}
