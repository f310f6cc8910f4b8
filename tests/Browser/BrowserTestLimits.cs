namespace Mjolnir.Browser.Tests;

/// <summary>How long a browser test waits before it calls something failed.</summary>
internal static class BrowserTestLimits
{
    /// <summary>For anything that should come: a message, a change of the page. Generous, because the machine may be busy; passing tests never wait it out.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For a real server to build its first view and listen.</summary>
    public static readonly TimeSpan ServerStart = TimeSpan.FromSeconds(90);

    /// <summary>For a whole cluster with its RabbitMQ and its S3 to serve the first page: half a minute on an idle machine.</summary>
    public static readonly TimeSpan ClusterStart = TimeSpan.FromMinutes(3);

    /// <summary>For a cluster to go on after one of its servers was killed: 5 s on an idle machine.</summary>
    public static readonly TimeSpan Healing = TimeSpan.FromSeconds(60);
}
