using Mjolnir.Services.Supervision;

namespace Mjolnir.Cli.Up;

/// <summary>What a person sees of <c>up</c>. Implementations: plain lines (a file, a pipe), a live table (a terminal). Called from many threads.</summary>
internal interface IUpScreen
{
    /// <summary>Something that an operator wants to know.</summary>
    void Event(string text);

    /// <summary>A line that a process wrote.</summary>
    void Output(string process, string line);

    /// <summary>From now on the cluster is shown as it is, until the end of the returned object.</summary>
    /// <param name="url">where the application is served</param>
    /// <param name="look">gives the processes and what the servers tell</param>
    IAsyncDisposable Show(Uri url, Func<CancellationToken, Task<ClusterLook>> look);
}

/// <summary>One look at a cluster.</summary>
/// <param name="Services">its processes</param>
/// <param name="Addresses">where they are reached, by name</param>
/// <param name="Status">what the servers tell</param>
internal sealed record ClusterLook(IReadOnlyList<ServiceStatus> Services, IReadOnlyDictionary<string, string> Addresses, Status.ClusterStatus Status);
