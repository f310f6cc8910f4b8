namespace Mjolnir.AppServer.Peers;

/// <summary>What the links of a server have done: plain interlocked numbers, read when somebody asks.</summary>
public sealed class PeerCounters
{
    internal long Passed;
    internal long RunHereInstead;
    internal long Unknown;
    internal long Taken;
    internal long NotTaken;

    /// <summary>Calls answered by the server beside their rows.</summary>
    public long CallsPassed => Volatile.Read(ref Passed);

    /// <summary>Calls that were to be passed and were run here, because the link or the other server did not take them.</summary>
    public long CallsRunHereInstead => Volatile.Read(ref RunHereInstead);

    /// <summary>Calls whose link broke under them.</summary>
    public long CallsUnknown => Volatile.Read(ref Unknown);

    /// <summary>Calls of other servers run here.</summary>
    public long CallsTaken => Volatile.Read(ref Taken);

    /// <summary>Calls of other servers that were given back: another application version, or this server stops.</summary>
    public long CallsNotTaken => Volatile.Read(ref NotTaken);
}
