using System.Globalization;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Effects;

/// <summary>Transfers move money and make none: whoever reads all accounts at once sees the same sum, always; and no transfer writes another sum than it read.</summary>
/// <param name="accounts">the registers that hold money</param>
/// <param name="total">their sum, in the money's smallest unit</param>
public sealed class Money(IEnumerable<string> accounts, long total)
{
    private readonly HashSet<string> _accounts = [.. accounts];

    /// <summary>Looks at every committed operation that read all accounts, or that wrote accounts which it had read.</summary>
    public IReadOnlyList<Anomaly> Check(History history)
    {
        var found = new List<Anomaly>();
        foreach (var operation in history.Operations.Where(operation => operation.Outcome == Outcome.Committed))
        {
            var (reads, writes) = (Values(operation, AccessKind.Read), Values(operation, AccessKind.Write));
            if (reads.Count == _accounts.Count && reads.Values.Sum() is var sum && sum != total)
            {
                found.Add(new Anomaly("money", string.Create(CultureInfo.InvariantCulture, $"all accounts hold {sum} instead of {total}: {operation}")));
            }

            if (writes.Count > 0 && writes.Keys.All(reads.ContainsKey) && writes.Sum(write => write.Value - reads[write.Key]) is not 0 and var made)
            {
                found.Add(new Anomaly("money", string.Create(CultureInfo.InvariantCulture, $"a transfer made {made}: {operation}")));
            }
        }

        return found;
    }

    /// <summary>How often all accounts were read at once by committed operations: a check that never looked says nothing.</summary>
    public int Audits(History history) => history.Operations.Count(operation => operation.Outcome == Outcome.Committed && Values(operation, AccessKind.Read).Count == _accounts.Count);

    /// <summary>The last value of each account that was read or written.</summary>
    private Dictionary<string, long> Values(Operation operation, AccessKind kind)
    {
        var values = new Dictionary<string, long>();
        foreach (var access in operation.Accesses)
        {
            if (access.Kind == kind && _accounts.Contains(access.Key))
            {
                values[access.Key] = access.Value;
            }
        }

        return values;
    }
}
