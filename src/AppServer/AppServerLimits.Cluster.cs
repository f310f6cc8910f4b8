namespace Mjolnir.AppServer;

/// <summary>What servers of a cluster grant each other and the proxy.</summary>
public static partial class AppServerLimits
{
    /// <summary>Time that <c>/_mjolnir/cluster</c> is held until something changes: below the 15 s after which a proxy may give an idle request up.</summary>
    public static readonly TimeSpan ClusterPoll = TimeSpan.FromSeconds(10);

    /// <summary>Time for which a silent server is still shown, as not ready: an operator's glance at the status, and a restart, are shorter.</summary>
    public static readonly TimeSpan SilentServerShown = TimeSpan.FromSeconds(60);

    /// <summary>Primary keys that an answer tells the proxy: it learns from calls of a few rows, more teach nothing about routing.</summary>
    public const int ToldKeys = 8;

    /// <summary>Characters of these keys together, escaped: an answer's headers stay small.</summary>
    public const int ToldKeysCharacters = 1024;
}
