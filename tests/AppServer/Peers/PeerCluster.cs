using System.Net;
using System.Text;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>Servers A and B with real transactions over two shards, linked by real sockets: each with its own map, listener, links and router, as in two processes.</summary>
internal sealed class PeerCluster : IAsyncDisposable
{
    public const string Token = "0123456789abcdef0123456789abcdef";

    private static readonly string[] Names = ["A", "B"];

    private readonly ClusterView _view = new(
        1,
        [.. Names.Select(name => new ShardDescription(name, $"label-{name}"))],
        [new SlotRange(0, (Slots.Count / 2) - 1, 0, 1), new SlotRange(Slots.Count / 2, Slots.Count - 1, 1, 1)],
        []);

    private PeerCluster(ProtocolCluster protocol) => Protocol = protocol;

    public ProtocolCluster Protocol { get; }

    public InProcessClusterBus Bus { get; } = new();

    public CollectedLogs Logs { get; } = new();

    public Member A { get; private set; } = null!;

    public Member B { get; private set; } = null!;

    public static async Task<PeerCluster> StartAsync(Action<Settings>? change = null)
    {
        var settings = new Settings();
        change?.Invoke(settings);
        var protocol = await new ProtocolCluster(settings.Limits).WithEngine(settings.Engine).StartAsync();
        var cluster = new PeerCluster(protocol);
        cluster.A = cluster.Make("A", protocol.A, settings.TokenOfA, settings.ApplicationOfA);
        cluster.B = cluster.Make("B", protocol.B, Token, TestApplication.Make());
        cluster.Beat(cluster.A);
        cluster.Beat(cluster.B);
        if (settings.WaitForLinks)
        {
            await Until(() => cluster.A.Links.Connected == 1 && cluster.B.Links.Connected == 1, "the servers are linked");
        }

        return cluster;
    }

    /// <summary>Says of a server what it says of itself, perhaps at another address.</summary>
    public void Beat(Member member, bool ready = true, string? peer = null, string run = "run") =>
        Bus.Tell(new ServerBeat(member.Server.Name, run, "http://127.0.0.1:1", peer ?? member.Listener.EndPoint.ToString(), "", "", 0, 1, ready, false, []));

    public static TransactionCall Transfer(string from, string to, long amount, string? id = null, Application? application = null, string? user = null)
    {
        application ??= TestApplication.Make();
        return new TransactionCall(
            new HandlerCall
            {
                Application = application,
                Handler = application.Handlers["open"],
                User = user,
                Args = Encoding.UTF8.GetBytes($"[\"{from}\",\"{to}\",{amount}]"),
                Seed = new TransactionSeed(1_000, 7),
            },
            id);
    }

    public async Task<long> BalanceAsync(string name) => BankScripts.Balance(await Protocol.A.ReadAsync(ProtocolCluster.Key(name), CancellationToken.None));

    public static async Task Until(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, $"Waited in vain until {what}.");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        await Protocol.DisposeAsync();
        Assert.Empty(Logs.Errors);
    }

    private Member Make(string name, TransactionServer server, string token, Application application)
    {
        var slot = new ApplicationSlot(application);
        var map = new ClusterMap(name, _view, Bus, TimeProvider.System);
        var predictor = Protocol.Predictors[name];
        var links = new PeerLinks(server, map, token, predictor, TimeProvider.System, Logs);
        var listener = new PeerListener(new PeerListenerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            ClusterToken = token,
            Applications = slot,
            Transactions = server,
            Marks = user => new PeerMarks($"{name}.3", 70, user is null ? [] : [new Stamp($"{name}.2", 5), new Stamp($"{name}.3", user.Length)]),
            Counters = links.Counters,
            Time = TimeProvider.System,
            Logs = Logs,
        });
        listener.Start();
        return new Member(server, slot, map, links, listener, predictor);
    }

    internal sealed class Settings
    {
        public string TokenOfA { get; set; } = Token;

        public Application ApplicationOfA { get; set; } = TestApplication.Make();

        public Func<IScriptEngine> Engine { get; set; } = static () => new BankScripts();

        public CommitterLimits? Limits { get; set; }

        public bool WaitForLinks { get; set; } = true;
    }

    internal sealed class Member : IAsyncDisposable
    {
        public Member(TransactionServer server, ApplicationSlot applications, ClusterMap map, PeerLinks links, PeerListener listener, KeyPredictor predictor)
        {
            (Server, Applications, Map, Links, Listener, Predictor) = (server, applications, map, links, listener, predictor);
            Router = new ClusterRouter(server, map, links, predictor, () => IsReady);
        }

        public TransactionServer Server { get; }

        public ApplicationSlot Applications { get; }

        public ClusterMap Map { get; }

        public PeerLinks Links { get; }

        public PeerListener Listener { get; }

        public KeyPredictor Predictor { get; }

        public ClusterRouter Router { get; }

        public bool IsReady { get; set; } = true;

        /// <summary>The way to the other server, whatever the router would say.</summary>
        public ITransactions To(Member other) => Links.To(other.Server.Name) ?? throw new InvalidOperationException("There is no link.");

        public async ValueTask DisposeAsync()
        {
            await Links.DisposeAsync();
            await Listener.DisposeAsync();
            Map.Dispose();
        }
    }
}
