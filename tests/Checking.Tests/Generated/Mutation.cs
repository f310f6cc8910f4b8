using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Tests.Generated;

/// <summary>
/// Breaks a history as a broken system would, and only where the break changes what it says: where a later operation proves it. Each gives null where the history has no such place.
/// </summary>
internal sealed class Mutation(History history, Random random)
{
    private readonly Operation[] _operations = [.. history.Operations];
    private readonly ILookup<string, Operation> _reads = history.Operations.Where(operation => operation.Outcome == Outcome.Committed)
        .SelectMany(operation => operation.Accesses.Where(access => access.Kind == AccessKind.ReadList).Select(access => access.Key).Distinct().Select(key => (key, operation)))
        .ToLookup(read => read.key, read => read.operation);

    /// <summary>An acknowledged append is in no list, though a list was read after it.</summary>
    public History? LosesAnAcknowledgedWrite() => Pick(Appends().Where(append => ReadsAfter(append).Any())) is { } lost ? EveryRead(lost.Append.Key, values => values.Where(value => value != lost.Append.Value)) : null;

    /// <summary>One of the two halves of an acknowledged operation is in no list.</summary>
    public History? TearsAnOperation() => Pick(Appends().Where(append => append.Operation.Accesses.Any(other => other.IsWrite && other.Key != append.Append.Key) && ReadsAfter(append).Any())) is { } torn
        ? EveryRead(torn.Append.Key, values => values.Where(value => value != torn.Append.Value))
        : null;

    /// <summary>A read shows a list as it was before an append that had been acknowledged before the read began.</summary>
    public History? ReadsWhatIsStale() => Pick(Appends().SelectMany(append => ReadsAfter(append).Select(read => (append.Append, Read: read)))) is { } stale
        ? With(stale.Read, Shown(stale.Read, stale.Append.Key, values => values.TakeWhile(value => value != stale.Append.Value)))
        : null;

    /// <summary>A value stands in a list twice.</summary>
    public History? DuplicatesAnAppend() => Pick(Appends().Where(append => ReadsOf(append.Append.Key).Any(read => Shows(read, append.Append)))) is { } twice
        ? EveryRead(twice.Append.Key, values => values.SelectMany(value => value == twice.Append.Value ? new[] { value, value } : [value]))
        : null;

    /// <summary>Two values, of which the one was appended after the other was acknowledged, stand the other way round.</summary>
    public History? ReordersTwoAppends()
    {
        var appends = Appends().ToList();
        var found = Pick(appends.SelectMany(early => appends
            .Where(late => late.Append.Key == early.Append.Key && early.Operation.End < late.Operation.Start && ReadsOf(early.Append.Key).Any(read => Shows(read, late.Append)))
            .Select(late => (Early: early.Append, Late: late.Append))));
        return found is not { } pair
            ? null
            : EveryRead(pair.Early.Key, values => values.Contains(pair.Late.Value)
                ? values.Select(value => value == pair.Early.Value ? pair.Late.Value : value == pair.Late.Value ? pair.Early.Value : value)
                : values);
    }

    /// <summary>A register's version is made twice: the second writer had not seen the first.</summary>
    public History? LosesAnUpdate()
    {
        var writes = _operations.Where(operation => operation.Outcome == Outcome.Committed)
            .SelectMany(operation => operation.Accesses.Where(access => access.Kind == AccessKind.Write && access.Version > 1).Select(access => (Operation: operation, Access: access)));
        var made = writes.Select(write => (write.Access.Key, write.Access.Version)).ToHashSet();
        var found = Pick(writes.Where(write => made.Contains((write.Access.Key, write.Access.Version - 1)) && !write.Operation.Accesses.Any(own => own.Kind == AccessKind.Write && own.Key == write.Access.Key && own != write.Access)));
        return found is not { } second
            ? null
            : With(second.Operation, second.Operation with { Accesses = [.. second.Operation.Accesses.Select(access => access == second.Access ? Access.Write(access.Key, access.Version - 1, access.Value) : access)] });
    }

    /// <summary>A read shows what was refused.</summary>
    public History? ShowsWhatWasRefused()
    {
        var found = Pick(_operations.Where(operation => operation.Outcome == Outcome.Refused)
            .SelectMany(operation => operation.Accesses.Where(access => access.Kind == AccessKind.Append && ReadsOf(access.Key).Any())));
        return found is not { } refused ? null : EveryRead(refused.Key, values => values.Append(refused.Value));
    }

    private IEnumerable<(Operation Operation, Access Append)> Appends() => _operations.Where(operation => operation.Outcome == Outcome.Committed)
        .SelectMany(operation => operation.Accesses.Where(access => access.Kind == AccessKind.Append).Select(access => (operation, access)));

    private IEnumerable<Operation> ReadsOf(string key) => _reads[key];

    private IEnumerable<Operation> ReadsAfter((Operation Operation, Access Append) append) =>
        ReadsOf(append.Append.Key).Where(read => append.Operation.End < read.Start);

    private static bool Shows(Operation read, Access append) => read.Accesses.Any(access => access.Kind == AccessKind.ReadList && access.Key == append.Key && access.List.Span.Contains(append.Value));

    private T? Pick<T>(IEnumerable<T> from)
        where T : struct
    {
        var all = from.ToArray();
        return all.Length == 0 ? null : all[random.Next(all.Length)];
    }

    private History EveryRead(string key, Func<IEnumerable<long>, IEnumerable<long>> change) => new(_operations.Select(operation => Shown(operation, key, change)));

    private static Operation Shown(Operation operation, string key, Func<IEnumerable<long>, IEnumerable<long>> change) => operation with
    {
        Accesses = [.. operation.Accesses.Select(access => access.Kind == AccessKind.ReadList && access.Key == key ? Access.ReadList(key, [.. change(access.List.ToArray())]) : access)],
    };

    private History With(Operation replaced, Operation by) => new(_operations.Select(operation => ReferenceEquals(operation, replaced) ? by : operation));
}
