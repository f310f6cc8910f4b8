using System.Globalization;
using Mjolnir.Checking;
using Mjolnir.Checking.Effects;
using Mjolnir.Checking.Histories;
using Mjolnir.Checking.Serializability;
using Mjolnir.Core.Keys;
using Mjolnir.Simulation.Tests.Workloads;
using Asked = Mjolnir.Simulation.Tests.Workloads.Operation;
using Seen = Mjolnir.Checking.Histories.Operation;
using Fate = Mjolnir.Checking.Histories.Outcome;

namespace Mjolnir.Simulation.Tests.Judging;

/// <summary>
/// What the clients of a simulation saw, as the checkers take it. A list holds the runs that appended to it, which gives the order of its versions; any other value names the run that wrote it, so its version is known without being
/// stored: one more than the version that its writer read.
/// </summary>
internal sealed class RunHistory
{
    /// <summary>The value of a row that was removed.</summary>
    private const long Gone = -1;

    private readonly Recorder _recorder;
    private readonly Workload _workload;
    private readonly Func<Asked, bool> _counts;
    private readonly Dictionary<RowKey, RowKey> _tallies;
    private readonly Dictionary<(int Attempt, RowKey Key), long> _versions = [];
    private readonly ILookup<Asked, Attempt> _effective;

    /// <param name="recorder">all that was asked, and all runs</param>
    /// <param name="workload">what it was drawn from</param>
    /// <param name="counts">operations whose answers count: of the others nobody knows more than what those saw</param>
    public RunHistory(Recorder recorder, Workload workload, Func<Asked, bool> counts)
    {
        (_recorder, _workload, _counts) = (recorder, workload, counts);
        _tallies = workload.Things.ToDictionary(pair => pair.Thing, pair => pair.Tally);
        _effective = Effective().ToLookup(attempt => attempt.Operation);
    }

    /// <summary>Strict serializability, each operation once, and the same money at all times.</summary>
    public IEnumerable<Anomaly> Check() => [.. Once(), .. StrictSerializability.Check(Of(amounts: false)), .. CheckMoney()];

    private IEnumerable<Anomaly> CheckMoney() =>
        new Money(_workload.Accounts.Select(account => account.Text), _workload.Total).Check(Of(amounts: true));

    private IReadOnlyList<Anomaly> Once()
    {
        var writers = new History(_recorder.Operations.Where(WritesOf).Select(Shown));
        var ids = _recorder.Operations.SelectMany(operation => Applied(operation).Select(_ => Id(operation)));
        return ExactlyOnce.OfIds(writers, ids);
    }

    private bool WritesOf(Asked operation) => Applied(operation).Any();

    /// <summary>The runs of an operation whose writes its client or anybody else was told of.</summary>
    private IEnumerable<Attempt> Applied(Asked operation) =>
        _effective[operation].Concat(ToldRun(operation) is { } told ? [told] : []).Distinct().Where(attempt => attempt.Writes.Count > 0);

    private History Of(bool amounts) => new(_recorder.Operations.Select(operation => amounts ? WithAmounts(operation) : Shown(operation)));

    private Seen Shown(Asked operation)
    {
        if (ToldRun(operation) is { } told)
        {
            return Operation(operation, Fate.Committed, [.. told.Reads.Select(read => ReadOf(told, read)), .. told.Writes.Select(write => WriteOf(told, write))]);
        }

        var applied = Applied(operation).FirstOrDefault();
        var fate = operation.Told == Told.Refused ? Fate.Refused : Fate.Unknown;
        return Operation(operation, fate, applied is null ? [] : [.. applied.Writes.Select(write => WriteOf(applied, write))]);
    }

    private Seen WithAmounts(Asked operation)
    {
        if (ToldRun(operation) is not { } told || operation.Number == 0)
        {
            return Operation(operation, Fate.Unknown, []);
        }

        return Operation(operation, Fate.Committed, [
            .. told.Reads.Select(read => Access.Read(read.Key.Text, 0, read.Amount)),
            .. told.Writes.Select(write => Access.Write(write.Key.Text, 0, write.Amount ?? 0))]);
    }

    private static Seen Operation(Asked operation, Fate fate, IReadOnlyList<Access> accesses) =>
        new(0, Id(operation), operation.Started, operation.Ended, fate, accesses);

    private static string Id(Asked operation) => string.Create(CultureInfo.InvariantCulture, $"{operation.Kind}-{operation.Number}");

    private Attempt? ToldRun(Asked operation) => operation.Told is Told.Committed or Told.Aborted && _counts(operation) ? _recorder.Attempts[operation.ToldRun] : null;

    private Access ReadOf(Attempt attempt, RowRead read)
    {
        if (Workload.IsList(read.Key))
        {
            return Access.ReadList(read.Key.Text, [.. read.List.Select(run => (long)run)]);
        }

        if (read.Writer != 0)
        {
            return Access.Read(read.Key.Text, VersionMade(_recorder.Attempts[read.Writer]!, read.Key), read.Writer);
        }

        // A row that is not there was never made, or was removed: its tally, read with it, says when.
        var removals = _tallies.TryGetValue(read.Key, out var tally) ? attempt.ReadOf(tally).Amount : 0;
        return Access.Read(read.Key.Text, removals, removals == 0 ? 0 : Gone);
    }

    private Access WriteOf(Attempt attempt, (RowKey Key, long? Amount) write) => Workload.IsList(write.Key)
        ? Access.Append(write.Key.Text, attempt.Number)
        : Access.Write(write.Key.Text, VersionMade(attempt, write.Key), write.Amount is null ? Gone : attempt.Number);

    private long VersionMade(Attempt attempt, RowKey key)
    {
        if (_tallies.TryGetValue(key, out var tally))
        {
            // Written without being read: it is written whenever its tally is.
            return attempt.Writes.Find(write => write.Key == tally).Amount!.Value;
        }

        if (!_versions.TryGetValue((attempt.Number, key), out var version))
        {
            var before = attempt.ReadOf(key).Writer;
            version = before == 0 ? 1 : VersionMade(_recorder.Attempts[before]!, key) + 1;
            _versions.Add((attempt.Number, key), version);
        }

        return version;
    }

    /// <summary>All runs whose writes somebody who was answered has read, directly or through others.</summary>
    private IEnumerable<Attempt> Effective()
    {
        var found = new HashSet<int>();
        var open = new Stack<Attempt>(_recorder.Operations.Select(ToldRun).OfType<Attempt>());
        while (open.TryPop(out var attempt))
        {
            foreach (var read in attempt.Reads.Where(read => read.Writer != 0 && found.Add(read.Writer)))
            {
                open.Push(_recorder.Attempts[read.Writer]!);
            }
        }

        return found.Select(number => _recorder.Attempts[number]!);
    }
}
