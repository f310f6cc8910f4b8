using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Simulation.Tests.Cluster;
using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>Clients that ask one thing after another of whichever server they reach, and ask again with the same id until they know.</summary>
internal sealed class Clients
{
    private const int Tries = 40;
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(45);

    private static readonly Application Application = new()
    {
        Name = "sim",
        Version = "1",
        Tables = FrozenDictionary<string, TableSchema>.Empty,
        Handlers = FrozenDictionary<string, Handler>.Empty,
        Pages = FrozenDictionary<string, Page>.Empty,
        Assets = FrozenDictionary<string, Asset>.Empty,
        Roles = FrozenDictionary<string, FrozenSet<string>>.Empty,
        Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
    };

    private static readonly Page Page = new() { Path = "/", Literals = [], Slots = [], Templates = [], Scripts = [], Elements = [] };

    private static readonly Handler Handler = new()
    {
        Name = "operation",
        Allow = new Allow(true, false, FrozenSet<string>.Empty, FrozenSet<string>.Empty),
        Page = Page,
        Pages = [Page],
        Position = new SourcePosition("simulation.js", 1, 1),
        Globals = [],
    };

    private readonly SimulatedCluster _cluster;
    private readonly Workload _workload;
    private readonly SimulatedProcess _process;
    private readonly SimulationDice _dice;
    private int _left;

    public Clients(SimulatedCluster cluster, Workload workload)
    {
        (_cluster, _workload) = (cluster, workload);
        _process = new SimulatedProcess(cluster.Loop, "clients");
        _dice = new SimulationDice(cluster.Loop.Seed, "clients");
    }

    /// <summary>Servers are not told the ids (V15 switched off).</summary>
    public bool HidesIds { get; init; }

    /// <summary>Clients that have not come to their end.</summary>
    public int Running { get; private set; }

    private SimulationLoop Loop => _cluster.Loop;

    /// <summary>Starts clients that make so many operations together.</summary>
    public void Start(int clients, int operations, TimeSpan thinking)
    {
        _left = operations;
        for (var i = 0; i < clients; i++)
        {
            Running++;
            _process.Start(() => WorkAsync(thinking));
        }
    }

    /// <summary>Has one operation done, at one server or any.</summary>
    public void Run(Operation operation, string? stack = null)
    {
        Running++;
        _process.Start(async () =>
        {
            await RunAsync(operation, stack);
            Running--;
        });
    }

    private async Task WorkAsync(TimeSpan thinking)
    {
        while (_left > 0)
        {
            _left--;
            await Task.Delay(thinking * (2 * _dice.Fraction()), _process.Time);
            await RunAsync(_workload.Next(), null);
        }

        Running--;
    }

    private async Task RunAsync(Operation operation, string? stack)
    {
        operation.Started = Loop.Now;
        var isInDoubt = false;
        for (var tries = 0; tries < Tries; tries++)
        {
            if (Reachable(stack) is not { } server)
            {
                await PauseAsync();
                continue;
            }

            operation.Sent++;
            var answer = await AskAsync(server, operation);
            switch (answer?.Status)
            {
                case TransactionStatus.Committed:
                    End(operation, Told.Committed, Encoding.UTF8.GetString(answer.Result.Span));
                    return;
                case TransactionStatus.Aborted:
                    End(operation, Told.Aborted, answer.Reason!);
                    return;
                case TransactionStatus.Unavailable:
                    break;
                default:
                    isInDoubt = true;
                    if (operation.RequestId is null)
                    {
                        return;
                    }

                    break;
            }

            await PauseAsync();
        }

        if (!isInDoubt)
        {
            End(operation, Told.Refused, "0");
        }
    }

    private void End(Operation operation, Told told, string run)
    {
        (operation.Told, operation.Ended) = (told, Loop.Now);
        if (!int.TryParse(run, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Loop.Fail($"{operation} was answered: {run}");
        }

        operation.ToldRun = number;
        Loop.Trace.Line("clients", $"{operation} by run {number}");
    }

    private SimulatedServer? Reachable(string? stack)
    {
        var servers = _cluster.Stacks.Where(each => stack is null || each.Name == stack).Select(each => each.Server).Where(server => server is { IsReady: true }).ToArray();
        return servers.Length == 0 ? null : servers[_dice.Below(servers.Length)];
    }

    private Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(_dice.Between(50, 600)), _process.Time);

    /// <summary>Null: no answer came.</summary>
    private async Task<TransactionAnswer?> AskAsync(SimulatedServer server, Operation operation)
    {
        var answered = new TaskCompletionSource<TransactionAnswer?>();
        Loop.Trace.Line("clients", $"{operation} to {server.Process.Name}");
        var call = new TransactionCall(
            new HandlerCall
            {
                Application = Application,
                Handler = Handler,
                Args = Encoding.UTF8.GetBytes(operation.Number.ToString(CultureInfo.InvariantCulture)),
                Seed = default,
            },
            HidesIds ? null : operation.RequestId);
        Loop.After(Loop.Weather.Delay(Loop), () =>
        {
            if (server.IsReady)
            {
                server.Call(call, answer => answered.TrySetResult(answer));
            }
            else
            {
                answered.TrySetResult(new TransactionAnswer { Status = TransactionStatus.Unavailable });
            }
        });
        try
        {
            return await answered.Task.WaitAsync(AnswerPatience, _process.Time);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
