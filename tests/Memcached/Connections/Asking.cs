using System.Text;

namespace Mjolnir.Memcached.Tests.Connections;

/// <summary>A pass for tests: its requests, and what was answered to each.</summary>
internal sealed class Asking(params MemcachedRequest[] requests) : IMemcachedPass
{
    private readonly MemcachedStatus[] _statuses = new MemcachedStatus[requests.Length];
    private readonly ulong[] _tokens = new ulong[requests.Length];
    private readonly string[] _values = new string[requests.Length];

    public bool IsHousekeeping { get; init; }

    public int Count => requests.Length;

    public bool Ended { get; private set; }

    public bool Complete { get; private set; }

    public long Incarnation { get; private set; }

    /// <summary>Operations that are not to be sent.</summary>
    public HashSet<int> Withheld { get; } = [];

    public MemcachedStatus Status(int index = 0) => Complete || Withheld.Contains(index) ? _statuses[index] : Ended ? MemcachedStatus.Unknown : MemcachedStatus.Pending;

    public ulong Token(int index = 0) => _tokens[index];

    public string Value(int index = 0) => _values[index];

    public bool TryAsk(int index, out MemcachedRequest request)
    {
        request = requests[index];
        return !Withheld.Contains(index);
    }

    public ReadOnlyMemory<byte> ValueOf(int index) => requests[index].Value;

    public void Answer(int index, MemcachedAnswer answer)
    {
        Assert.False(Ended);
        Assert.Equal(MemcachedStatus.Pending, _statuses[index]);
        (_statuses[index], _tokens[index], _values[index]) = (answer.Status, answer.Token, Encoding.UTF8.GetString(answer.Value));
    }

    public void End(long incarnation, bool complete)
    {
        Assert.False(Ended);
        (Ended, Complete, Incarnation) = (true, complete, incarnation);
    }

    public static MemcachedRequest Request(MemcachedVerb verb, string key, string value = "", ulong token = 0) => new(verb, key, Encoding.UTF8.GetBytes(value), token);

    public static async Task<Asking> OneAsync(MemcachedConnection connection, MemcachedVerb verb, string key, string value = "", ulong token = 0)
    {
        var pass = new Asking(Request(verb, key, value, token));
        await connection.RunAsync(pass);
        return pass;
    }
}
