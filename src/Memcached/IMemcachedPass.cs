namespace Mjolnir.Memcached;

/// <summary>One operation to send.</summary>
/// <param name="Verb">what is asked</param>
/// <param name="Key">the item's name: 1 to 250 bytes of UTF-8 without spaces and control characters</param>
/// <param name="Value">what to store; not touched after the pass has ended</param>
/// <param name="Token">what to compare with, as an answer of this connection gave it</param>
/// <param name="Seconds">verbs that store: the item leaves by itself after this time, at most 30 days; 0: it stays</param>
public readonly record struct MemcachedRequest(MemcachedVerb Verb, string Key, ReadOnlyMemory<byte> Value = default, ulong Token = 0, uint Seconds = 0);

/// <summary>The answer to one operation.</summary>
/// <param name="status">how it ended</param>
/// <param name="token">the item's token, or 0</param>
/// <param name="value">the item's value: bytes of the connection's buffer, good only during the call that gives them</param>
public readonly ref struct MemcachedAnswer(MemcachedStatus status, ulong token = 0, ReadOnlySpan<byte> value = default)
{
    /// <summary>How it ended.</summary>
    public MemcachedStatus Status { get; } = status;

    /// <summary>
    /// The item's token, or 0. Its upper 16 bits tell the connection's incarnation: after a reconnect an earlier token is never sent, because a restarted
    /// memcached counts from 1 again.
    /// </summary>
    public ulong Token { get; } = token;

    /// <summary>The item's value, good only during the call that gives it.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>
/// Operations that go to the server in one write and are answered in one read, as far as the sizes allow. Implemented by the caller, so that neither questions nor answers need objects
/// of their own. All calls come from the connection, one at a time; none may block, call the connection or throw.
/// </summary>
public interface IMemcachedPass
{
    /// <summary>
    /// True for a pass of the caller's own housekeeping: that it is lost tells nobody that the connection was. The next pass that is none is still ended as unknown.
    /// </summary>
    bool IsHousekeeping => false;

    /// <summary>Number of operations; does not change while the pass runs.</summary>
    int Count { get; }

    /// <summary>Gives an operation when it is time to send it; false: it needs no sending, the implementation has its answer already.</summary>
    bool TryAsk(int index, out MemcachedRequest request);

    /// <summary>The value of a keeping verb once more, to be compared with what the item then holds.</summary>
    ReadOnlyMemory<byte> ValueOf(int index);

    /// <summary>Takes the answer of an operation. In order of the operations, but for those that were not sent.</summary>
    void Answer(int index, MemcachedAnswer answer);

    /// <summary>The last call, before the one who awaits the pass goes on.</summary>
    /// <param name="incarnation">the connection's incarnation under which the pass ran</param>
    /// <param name="complete">false: the connection was lost; every operation is <see cref="MemcachedStatus.Unknown"/>, also those that were answered (after a protocol error no answer counts)</param>
    void End(long incarnation, bool complete);
}
