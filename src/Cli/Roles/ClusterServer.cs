using System.Net;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;
using Mjolnir.AppServer.Unique;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Telemetry;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Applications;
using Mjolnir.Storage.Folders;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// An app server of a cluster, with all that it is made of.
/// <code>
/// start: own the data folder ─► RabbitMQ ─► tell itself by beats ─► store ─► wait for an open view ─► snapshot of the store, log ─► peers, HTTP ─► seed ─► ready
/// stop:  not ready ─► HTTP and peers end ─► what the log confirms is answered ─► silence; the keeper seals the log
/// </code>
/// </summary>
internal sealed class ClusterServer : IAsyncDisposable
{
    private readonly StackConfiguration _configuration;
    private readonly Application _application;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly string _run = Guid.NewGuid().ToString("N");
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly StoredMarks _stored = new();
    private readonly KeyPredictor _predictor = new();
    private readonly UniqueKnowledge _knowledge = new();
    private readonly Stack<Func<ValueTask>> _closing = new();
    private FormerLogs _former = null!;
    private ClusterServices _services = null!;
    private RegistryViews _views = null!;
    private ClusterMember _member = null!;
    private ClusterRows _rows = null!;
    private ClusterLogEpochs _epochs = null!;
    private TransactionServer _server = null!;
    private ClusterMap _map = null!;
    private PeerLinks _links = null!;
    private ClusterIndexes? _indexes;
    private ClusterMarks? _marks;
    private IndexQueries? _queries;
    private ClusterUnique _unique = null!;
    private AppServerHttp _http = null!;
    private volatile bool _isReady;

    private ClusterServer(StackConfiguration configuration, Application application, ILoggerFactory logs)
    {
        (_configuration, _application, _logs) = (configuration, application, logs);
        _log = logs.CreateLogger("Mjolnir.App");
    }

    private string Name => _configuration.Server.Name;

    /// <summary>Where others reach it.</summary>
    public string Url => _configuration.Server.Url is { Length: > 0 } url ? url : $"http://{_configuration.Server.Listen}";

    public long View => _server.View.Number;

    /// <summary>What the process is connected to.</summary>
    public ClusterServices Services => _services;

    /// <summary>Completes when its shard is out of the view, after it was asked to leave.</summary>
    public Task Left => _member.Left.Task;

    /// <summary>Completes with the reason if a part stops on a broken rule: the process must end, a restart recovers.</summary>
    public async Task<Exception> FailedAsync()
    {
        var first = await Task.WhenAny(_server.Failed, _member.Failed);
        return await first;
    }

    /// <summary>Starts; what was begun is closed again when it fails.</summary>
    public static async Task<ClusterServer> StartAsync(StackConfiguration configuration, Application application, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var server = new ClusterServer(configuration, application, logs);
        try
        {
            await server.JoinAsync(cancellationToken);
            await server.ServeAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isReady = false;
        while (_closing.TryPop(out var close))
        {
            await close();
        }
    }

    /// <summary>Becomes a member and opens its log under an open view.</summary>
    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        var section = _configuration.Server;
        _former = TakeFolder(section.Data);
        Close(_former);
        RoleLog.Starting(_log, $"app {Name}", _run, _configuration.Cluster);
        _services = await ClusterServices.BeginAsync(_configuration, $"app {Name}", hearsCommits: true, RoleLimits.ServicePatience, what => RoleLog.Waits(_log, what), _time, cancellationToken);
        _services.Troubled += what => RoleLog.Troubled(_log, what);
        Close(_services);
        Reached("connected to queue");

        // The keeper learns at once which logs of this server are dead: sealing them is what a cluster that was killed waits for.
        _views = new RegistryViews(_services.Registry, _services.Bus, _services.Connect, Raise);
        Close(_views);
        _member = new ClusterMember(new MemberIdentity(Name, _run, Url, section.Peer, _configuration.Cache.Nodes[0]), _services.Bus, _views, _stored, _former, _time);
        _member.Troubled += what => RoleLog.Troubled(_log, what);
        _member.Damaged += fault => Raise(Violation.Of("the view", fault));
        Close(_member);
        await _services.StoreIsFit;
        Reached("connected to store");
        _epochs = new ClusterLogEpochs(Name, _services.Broker, _services.Registry, new LogSealer(_services.Broker, _services.Store, _time, new WriteBehindLimits()), _former, _stored, ClusterUnique.Declared(_application));
        _epochs.Prepare();
        Close(_epochs);

        // Manifests are read after the view became active, and only then its slots are used (W7).
        _views.Opened = await _member.FirstViewAsync(cancellationToken);
        Reached($"view {_views.Opened} is open");
        var rows = await StoredRows.OpenAsync(_services.Store, cancellationToken);
        _rows = new ClusterRows(rows);
        OpenIndexes();
        _server = new TransactionServer(Name, Options(rows.SealedLogs));
        Close(_server);
        await _server.StartAsync().WaitAsync(cancellationToken);
        _knowledge.Attach(_server);
        Close(_knowledge);
        Reached($"log {_epochs.Current} is open under view {View}");
        _member.Attach(_server, _rows);
        await _epochs.DeleteUnusedAsync(cancellationToken);
    }

    /// <summary>Only where there are indexes to be asked.</summary>
    private void OpenIndexes()
    {
        if (_application.Tables.Values.All(table => table.Indexes.IsEmpty))
        {
            return;
        }

        _indexes = new ClusterIndexes(Name, ClusterSecrets.Load(_configuration.Secrets).ClusterToken, _services.Bus, _time);
        Close(_indexes);
        _marks = new ClusterMarks(_services, _rows, _member, _indexes.IsSettled);
        Close(_marks);
        _indexes.Queries = _queries = new IndexQueries(_indexes, _marks) { IsUsed = true };
    }

    private PeerMarks Marks(string? user) => _marks is null ? new PeerMarks("", 0, []) : _marks.Own(user is null ? [] : _queries!.WrittenBy(user));

    private void Reached(string what) => RoleLog.Reached(_log, what, (long)_time.GetElapsedTime(_began).TotalMilliseconds);

    private static FormerLogs TakeFolder(string folder)
    {
        try
        {
            return FormerLogs.Take(folder);
        }
        catch (FolderInUseException fault)
        {
            throw new FailureException(fault.Message, "Each app server needs a folder of its own: Server:Data", fault);
        }
    }

    private CommitterOptions Options(IReadOnlyDictionary<string, long> sealedLogs) => new()
    {
        Views = _views,
        Epochs = _epochs,
        Feed = _services.Bus,
        Store = _rows,
        SealedLogs = sealedLogs,
        Engine = ScriptEngines.Create(),
        Time = _time,
        Random = new Random(),
        Predictor = _predictor,
        Foresight = new RowForesight(),
        Queries = _queries,
        Unique = _knowledge,
        Alarm = Raise,
        EngineFault = (what, fault) => RoleLog.EngineFailed(_log, what, fault),
        Limits = new CommitterLimits { RememberedRows = RoleLimits.RememberedRows, FewRememberedRows = RoleLimits.FewRememberedRows },
    };

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        var secrets = ClusterSecrets.Load(_configuration.Secrets);
        var applications = new ApplicationSlot(_application);
        _map = new ClusterMap(_run, _server.View, _services.Bus, _time);
        Close(_map);
        _member.Crossed += _map.Use;
        _links = new PeerLinks(_server, _map, secrets.ClusterToken, _predictor, _time, _logs);
        Close(_links);
        _marks?.Attach(_server, _links);
        var router = new ClusterRouter(_server, _map, _links, _predictor, () => _isReady);
        var listener = new PeerListener(new PeerListenerOptions
        {
            EndPoint = _configuration.Server.PeerEndPoint(),
            ClusterToken = secrets.ClusterToken,
            Applications = applications,
            Transactions = _server,
            Marks = Marks,
            Counters = _links.Counters,
            Time = _time,
            Logs = _logs,
        });
        listener.Start();
        Close(listener);
        _unique = new ClusterUnique(Unique(router));
        Close(_unique);
        _http = new AppServerHttp(HttpOptions(router, applications, secrets));
        Close(_http);
        await _http.StartAsync(cancellationToken);
        _isReady = true;
        Reached("takes calls");
        _unique.Start();
        await ClusterSeeding.RunAsync(_services.Leadership, _time, new Seeder(router, _time), _application, _log, cancellationToken);
        _member.SetReady(true);
        Reached("ready");
        _closing.Push(() =>
        {
            _isReady = false;
            _member.SetReady(false);
            return ValueTask.CompletedTask;
        });
    }

    private ClusterUniqueParts Unique(ClusterRouter router) => new()
    {
        Application = _application,
        Router = router,
        Queries = _queries,
        Knowledge = _knowledge,
        Registry = _services.Registry,
        Rows = _rows,
        Bus = _services.Bus,
        Leadership = _services.Leadership,
        Time = _time,
        Report = what => RoleLog.Unique(_log, what),
        Failed = fault =>
        {
            RoleLog.RaiseIfAny(_log, _services.Alarms, "unique indexes", fault);
            RoleLog.Troubled(_log, $"unique indexes: {fault.Message}; tried again");
        },
    };

    private AppServerHttpOptions HttpOptions(ITransactionRouter router, ApplicationSlot applications, SecretsFile secrets)
    {
        var section = _configuration.Server;
        var status = new MemberStatus(_configuration, _application, _server, _member, _map, _rows, _stored, _views, _services, _indexes, _unique);
        var listen = IPEndPoint.Parse(section.Listen);
        return new AppServerHttpOptions
        {
            Router = router,
            Applications = applications,
            Secrets = secrets,
            Cluster = _map,
            SignIn = section.SignIn,
            Address = listen.Address,
            Port = listen.Port,
            CallRate = section.RateLimit ? new RateLimit(AppServer.AppServerLimits.CallsPerSecond, AppServer.AppServerLimits.CallBurst) : null,
            TrustedProxies = section.TrustedProxies.Count > 0 ? [.. section.TrustedProxies.Select(TrustedProxy)] : AppServerHttpOptions.ThisMachine,
            Time = _time,
            Logs = _logs,
            IsReady = () => _isReady && _server.Log is not null,
            WriteStatus = status.Write,
            WriteMetrics = new MemberMetrics(_server, _links, _member, status, _views, _services).Write,
            Leave = _member.Leave,
        };
    }

    private static IPNetwork TrustedProxy(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            return IPNetwork.Parse(text);
        }

        var address = IPAddress.Parse(text);
        return new IPNetwork(address, 8 * address.GetAddressBytes().Length);
    }

    private void Raise(Violation violation) => RoleLog.Raise(_log, _services.Alarms, violation);

    private void Close(IAsyncDisposable part) => _closing.Push(part.DisposeAsync);

    private void Close(IDisposable part) => _closing.Push(() =>
    {
        part.Dispose();
        return ValueTask.CompletedTask;
    });
}
