using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>A pass of one operation, for what is rare: openings and figures.</summary>
internal sealed class SinglePass(MemcachedRequest request) : IMemcachedPass
{
    public MemcachedStatus Status { get; private set; }

    public ReadOnlyMemory<byte> Value { get; private set; }

    public long Incarnation { get; private set; }

    public bool IsHousekeeping => true;

    public int Count => 1;

    public bool TryAsk(int index, out MemcachedRequest asked)
    {
        asked = request;
        return true;
    }

    public ReadOnlyMemory<byte> ValueOf(int index) => request.Value;

    public void Answer(int index, MemcachedAnswer answer) => (Status, Value) = (answer.Status, answer.Value.ToArray());

    public void End(long incarnation, bool complete)
    {
        Incarnation = incarnation;
        Status = complete ? Status : MemcachedStatus.Unknown;
    }
}
