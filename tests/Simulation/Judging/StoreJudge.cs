using Mjolnir.Checking;
using Mjolnir.Checking.Logs;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Segments;
using Mjolnir.Simulation.Tests.Cluster;
using Mjolnir.Simulation.Tests.Logs;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Simulation.Tests.Judging;

/// <summary>Holds the store against all that ever entered the queues: versions, contents, and the stable cut.</summary>
internal sealed class StoreJudge(SimulatedCluster cluster)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan StorePatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ReadPatience = TimeSpan.FromMinutes(1);

    /// <summary>The keeper misses a queue in three looks, seals what is live, and cuts: some ten seconds.</summary>
    private static readonly TimeSpan LossIsCut = TimeSpan.FromSeconds(30);

    private readonly List<SegmentRow> _stored = [];
    private StoredRows? _rows;
    private StableRows? _stable;

    private SimulationLoop Loop => cluster.Loop;

    /// <summary>What is durable; null if the store could not be read.</summary>
    public DurableLogs? Logs { get; private set; }

    /// <summary>Waits until everything is stored; what was found wrong.</summary>
    public IEnumerable<Anomaly> Check()
    {
        for (var until = Loop.Elapsed + StorePatience; cluster.Store.IsDown || IsLossNew() || cluster.Broker.Queues.Any(HasUnstored);)
        {
            if (Loop.Elapsed > until || (!Loop.RunUntil(static () => false, Look) && Loop.Failure is not null))
            {
                return [new Anomaly("not stored", Loop.Failure ?? $"Rows are still in {string.Join(", ", cluster.Broker.Queues.Where(HasUnstored).Select(queue => queue.Log))} after {StorePatience}.")];
            }
        }

        var isRead = false;
        var process = new SimulatedProcess(Loop, "judge");
        process.Start(async () =>
        {
            await ReadAsync(process);
            isRead = true;
        });
        if (!Loop.RunUntil(() => isRead, ReadPatience))
        {
            return [new Anomaly("store", Loop.Failure ?? $"The store was not read within {ReadPatience}.")];
        }

        var logs = Logs = DurableLogs.Of(cluster.Broker.History.SelectMany(Delivered), _rows!.SealedLogs);
        return
        [
            .. logs.Anomalies,
            .. LogReplay.CheckVersions(logs),
            .. LogReplay.CheckStore(logs, _stored, Loop.UtcNow.ToUnixTimeMilliseconds()),
            .. CutClosure.Check(logs, _stable!.Cut),
            .. ForeignStamps.Check(logs),
        ];
    }

    private bool IsLossNew() => cluster.Broker.Losses is [.., var last] && Loop.Now < last.At + LossIsCut.Ticks;

    private async Task ReadAsync(SimulatedProcess process)
    {
        var store = cluster.Store.For(process);
        _rows = await StoredRows.OpenAsync(store, CancellationToken.None);
        await foreach (var row in _rows.StreamAsync(null, CancellationToken.None))
        {
            _stored.Add(row.Version.Value is { } value ? row with { Version = row.Version with { Value = new Document(value.Utf8.ToArray()) } } : row);
        }

        _stable = await StableRows.OpenAsync(store, CancellationToken.None);
    }

    public static bool HasUnstored(SimulatedQueue queue) =>
        queue.Messages.Skip(queue.Acknowledged).Any(message => !message.IsSeal && BatchCodec.Decode(message.Body).Records.Count > 0);

    /// <summary>What counts of a queue: all before its seal.</summary>
    private static IEnumerable<Batch> Delivered(SimulatedQueue queue) =>
        queue.Messages.TakeWhile(message => !message.IsSeal).Select(message => BatchCodec.Decode(message.Body));
}
