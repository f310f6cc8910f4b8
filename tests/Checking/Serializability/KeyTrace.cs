using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>A write to one key.</summary>
/// <param name="Operation">index of the operation</param>
/// <param name="Version">of a register; 0 for lists</param>
/// <param name="Value">what was written</param>
/// <param name="Ordinal">how many the operation made to this key before</param>
/// <param name="IsFinal">the operation's last one to this key: the only one that others may see</param>
internal readonly record struct WriteSeen(int Operation, long Version, long Value, int Ordinal, bool IsFinal);

/// <summary>A read of one key by a committed operation.</summary>
/// <param name="Operation">index of the operation</param>
/// <param name="Access">what was read</param>
/// <param name="Own">the operation's own writes to this key before, which the read must show</param>
internal readonly record struct ReadSeen(int Operation, Access Access, IReadOnlyList<Access> Own);

/// <summary>All that a history says of one key.</summary>
internal sealed class KeyTrace(string key, bool isList)
{
    private static readonly IReadOnlyList<Access> Nothing = [];

    public string Key => key;

    public bool IsList => isList;

    /// <summary>By operations of any outcome.</summary>
    public List<WriteSeen> Writes { get; } = [];

    public List<ReadSeen> Reads { get; } = [];

    /// <summary>Sorts a history's accesses by key.</summary>
    /// <exception cref="ArgumentException">a key is used as list and as register: no such history can be checked</exception>
    public static IReadOnlyList<KeyTrace> Of(IReadOnlyList<Operation> operations)
    {
        var traces = new Dictionary<string, KeyTrace>(StringComparer.Ordinal);
        for (var operation = 0; operation < operations.Count; operation++)
        {
            var accesses = operations[operation].Accesses;
            for (var i = 0; i < accesses.Count; i++)
            {
                if (!traces.TryGetValue(accesses[i].Key, out var trace))
                {
                    traces.Add(accesses[i].Key, trace = new KeyTrace(accesses[i].Key, accesses[i].IsOfList));
                }

                trace.Add(operation, operations[operation], i);
            }
        }

        return [.. traces.Values];
    }

    private void Add(int index, Operation operation, int at)
    {
        var access = operation.Accesses[at];
        if (access.IsOfList != IsList)
        {
            throw new ArgumentException($"The key {Key} is used as a list and as a register.");
        }

        if (access.IsWrite)
        {
            Writes.Add(new WriteSeen(index, access.Version, access.Value, OwnBefore(operation.Accesses, at).Count, IsLast(operation.Accesses, at)));
        }
        else if (operation.Outcome == Outcome.Committed)
        {
            Reads.Add(new ReadSeen(index, access, OwnBefore(operation.Accesses, at)));
        }
    }

    private static bool IsLast(IReadOnlyList<Access> accesses, int at)
    {
        for (var i = at + 1; i < accesses.Count; i++)
        {
            if (accesses[i].IsWrite && accesses[i].Key == accesses[at].Key)
            {
                return false;
            }
        }

        return true;
    }

    private static IReadOnlyList<Access> OwnBefore(IReadOnlyList<Access> accesses, int at)
    {
        List<Access>? own = null;
        for (var i = 0; i < at; i++)
        {
            if (accesses[i].IsWrite && accesses[i].Key == accesses[at].Key)
            {
                (own ??= []).Add(accesses[i]);
            }
        }

        return own ?? Nothing;
    }
}
