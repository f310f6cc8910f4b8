namespace Mjolnir.AppServer.Routing;

/// <summary>When a call is worth being passed to the owner of its row. Measured: docs/design/peers.md.</summary>
public static class ClusterRoutingLimits
{
    /// <summary>Calls after which all heat is halved: under load less than a second, and enough that a slot's share of one per cent is seen.</summary>
    public const int HeatWindow = 4_096;

    /// <summary>Calls of a slot within about one window that make it hot. Evenly spread calls come to one or two.</summary>
    public const int HotTouches = 16;
}
