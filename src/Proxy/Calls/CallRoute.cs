using System.Runtime.CompilerServices;
using Mjolnir.Core.Routing;
using Mjolnir.Proxy.Cluster;
using Mjolnir.Proxy.Servers;

namespace Mjolnir.Proxy.Calls;

/// <summary>The servers that a call is sent to, one after another: owners of its slots, hottest first, then any others; none twice.</summary>
internal struct CallRoute(ApplicationCluster application, int attempts)
{
    private SlotBuffer _slots;
    private TriedBuffer _tried;
    private int _slotCount;
    private int _triedCount;

    /// <summary>True if no other server may be asked after the present one.</summary>
    public readonly bool IsLast => _triedCount >= Most || !application.HasOther(Tried(in _tried, _triedCount));

    private readonly int Most => Math.Min(attempts, TriedBuffer.Length);

    public void Predict(string handler, in CallParts parts) =>
        _slotCount = application.Predictor.PredictSlots(handler, parts, _slots);

    /// <summary>The next server; null if there is none left that is ready, or enough were tried.</summary>
    public AppServer? Next()
    {
        if (_triedCount >= Most)
        {
            return null;
        }

        var server = application.Pick(((ReadOnlySpan<int>)_slots)[.._slotCount], Tried(in _tried, _triedCount));
        if (server is not null)
        {
            _tried[_triedCount++] = server;
        }

        return server;
    }

    private static ReadOnlySpan<AppServer?> Tried(in TriedBuffer tried, int count) => ((ReadOnlySpan<AppServer?>)tried)[..count];

    [InlineArray(RoutingLimits.Predicted)]
    private struct SlotBuffer
    {
        private int _slot;
    }

    [InlineArray(Length)]
    private struct TriedBuffer
    {
        public const int Length = 8;

        private AppServer? _server;
    }
}
