using System.Collections.Concurrent;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Indexes;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// What was written at any server of a cluster, for questions whose answers shall hold it:
/// <code>
/// everything durable: 1 list the registered logs  2 ask each server, at once, for its present log and how far that is durable  3 a log that is nobody's present one has an end, or nobody knows yet
/// what a user wrote:  ask each server; the logs that ended here count to their ends, for who wrote in them is forgotten
/// </code>
/// A log is registered before its first batch and a server asked after the list was taken, so nothing that was answered before the question is left out.
/// </summary>
/// <param name="services">bus, registry, clock</param>
/// <param name="rows">the ends of logs, as the store has them</param>
/// <param name="member">which log each server told last</param>
/// <param name="isSettled">true once every index holds a batch: then no question need ask for it</param>
internal sealed class ClusterMarks(ClusterServices services, ClusterRows rows, ClusterMember member, Func<Stamp, bool> isSettled) : IWrittenMarks, IDisposable
{
    private readonly ConcurrentDictionary<string, long> _ends = new(StringComparer.Ordinal);
    private TransactionServer? _server;
    private PeerLinks? _links;
    private IDisposable? _listening;

    /// <summary>From now on this server and the others can be asked.</summary>
    public void Attach(TransactionServer server, PeerLinks links)
    {
        _listening = services.Bus.Subscribe(Hear);
        _server = server;
        Volatile.Write(ref _links, links);
    }

    /// <summary>What this server has answered.</summary>
    /// <param name="written">the batches of a user that it knows of</param>
    public PeerMarks Own(IReadOnlyList<Stamp> written)
    {
        while (true)
        {
            // The log may be renewed in between: then what was read belongs to nobody.
            var (log, durable) = (_server!.Log, _server.Durable);
            if (log == _server.Log)
            {
                return new PeerMarks(log ?? "", durable, written);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Stamp>?> DurableAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _links) is not { } links)
        {
            return null;
        }

        var began = services.Time.GetTimestamp();
        for (var pause = RoleLimits.MarksPause; ; pause *= 2)
        {
            try
            {
                var logs = await services.Registry.ListLogsAsync(cancellationToken);
                if (Durable(logs, await links.MarksAsync(null, cancellationToken)) is { } durable)
                {
                    return durable;
                }

                if (services.Time.GetElapsedTime(began) + pause > AnswerLimits.Fresh)
                {
                    return null;
                }

                // A log that is nobody's is being sealed, or was: its end is in the store then.
                await Task.Delay(pause, services.Time, cancellationToken);
                await rows.RefreshAsync(cancellationToken);
            }
            catch (StoreUnavailableException)
            {
                return null;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<WrittenElsewhere> WrittenAsync(string user, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _links) is not { } links)
        {
            return new WrittenElsewhere([], false);
        }

        var told = await links.MarksAsync(user, cancellationToken);
        var stamps = _ends.Select(static end => new Stamp(end.Key, end.Value)).Where(end => !isSettled(end)).ToList();
        stamps.AddRange(told.Values.OfType<PeerMarks>().SelectMany(marks => marks.Written));

        // A server that cannot be asked, whose last log has ended, has nothing that its end does not say.
        return new WrittenElsewhere(stamps, told.All(each => each.Value is not null || EndOf(member.LogOf(each.Key)) is not null));
    }

    public void Dispose() => _listening?.Dispose();

    private void Hear(CommitNotice notice)
    {
        if (notice.Sealed)
        {
            // The lower one counts: a cut lowers it.
            _ends.AddOrUpdate(notice.Log, notice.DurableBatch, (_, known) => Math.Min(known, notice.DurableBatch));
        }
    }

    private long? EndOf(string log) =>
        _ends.TryGetValue(log, out var told) ? told : rows.SealedLogs.TryGetValue(log, out var stored) ? stored : null;

    private List<Stamp>? Durable(IReadOnlyList<string> logs, IReadOnlyDictionary<string, PeerMarks?> told)
    {
        var own = Own([]);
        var durable = new List<Stamp>();
        foreach (var log in logs)
        {
            var server = log[..log.LastIndexOf('.')];
            var marks = server == _server!.Name ? own : told.GetValueOrDefault(server);
            if (marks?.Log == log)
            {
                durable.Add(new Stamp(log, marks.Durable));
            }
            else if (EndOf(log) is { } end)
            {
                durable.Add(new Stamp(log, end));
            }
            else if (marks is null or { Log: "" } || ClusterRegistry.EpochOf(log) < ClusterRegistry.EpochOf(marks.Log))
            {
                return null;
            }

            // Else it is the server's next one: when the server was asked, nothing in it had been answered.
        }

        return durable;
    }
}
