namespace Mjolnir.Checking.Serializability;

/// <summary>One version of a key, where it stands in the order of versions.</summary>
/// <param name="Writer">index of the operation that made it; <see cref="NoOne"/> where that is not known</param>
/// <param name="IsFinal">others may see it: the writer's last one to this key</param>
/// <param name="Name">the version of a register, the value appended to a list</param>
internal readonly record struct OrderedVersion(int Writer, bool IsFinal, long Name)
{
    public const int NoOne = -1;
}

/// <summary>What is known of the order in which the versions of one key were made, and who read which.</summary>
/// <param name="key">the key</param>
internal sealed class VersionOrder(string key)
{
    public string Key => key;

    /// <summary>By position; position 0 is the key before its first write.</summary>
    public List<OrderedVersion> Versions { get; } = [new(OrderedVersion.NoOne, true, 0)];

    /// <summary>Who read which position, own writes not counted.</summary>
    public List<(int Operation, int Position)> Reads { get; } = [];

    /// <summary>Committed writers that nobody saw: behind all that was seen, in no known order.</summary>
    public List<int> Unobserved { get; } = [];

    /// <summary>The order of each key, and what is wrong with the key alone.</summary>
    public static IReadOnlyList<VersionOrder> Of(IReadOnlyList<KeyTrace> traces, Findings findings) =>
        [.. traces.Select(trace => trace.IsList ? ListOrder.Of(trace, findings) : RegisterOrder.Of(trace, findings))];
}
