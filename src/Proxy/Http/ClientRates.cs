using System.Net;
using System.Net.Sockets;
using Mjolnir.Core.Keys;

namespace Mjolnir.Proxy.Http;

/// <summary>
/// A rate per client address, as a virtual clock each (GCRA, ITU-T I.371). A fixed table of clocks, found by a salted hash: no memory grows, nothing must be forgotten, and two addresses share a clock only by a chance that nobody
/// can bring about. A network of IPv6 (/64) is one client.
/// </summary>
internal sealed class ClientRates(double perSecond, int burst, ulong salt, TimeProvider time)
{
    private readonly long[] _clocks = new long[ProxyLimits.RateClocks];
    private readonly long _interval = (long)(time.TimestampFrequency / perSecond);
    private readonly long _burst = (long)(time.TimestampFrequency / perSecond * burst);

    public bool TryTake(IPAddress? address)
    {
        ref var clock = ref _clocks[Place(address)];
        var now = time.GetTimestamp();
        while (true)
        {
            var earned = Volatile.Read(ref clock);
            var next = Math.Max(earned, now) + _interval;
            if (next - now > _burst)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref clock, next, earned) == earned)
            {
                return true;
            }
        }
    }

    private int Place(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[8 + 16];
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, salt);
        if (address is not null)
        {
            var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            plain.TryWriteBytes(bytes[8..], out _);
            if (plain.AddressFamily == AddressFamily.InterNetworkV6)
            {
                bytes[16..].Clear();
            }
        }

        return (int)(XxHash64.Hash(bytes) % ProxyLimits.RateClocks);
    }
}
