namespace Mjolnir.Services.Supervision;

/// <summary>What a supervised service is doing.</summary>
public enum ServiceState
{
    /// <summary>Not started yet, or stopped.</summary>
    Stopped,

    /// <summary>Started, not ready yet.</summary>
    Starting,

    /// <summary>Up.</summary>
    Ready,

    /// <summary>It ended; it is started again soon.</summary>
    Waiting,

    /// <summary>It ended quickly many times: somebody should look. It is still started again.</summary>
    Failing,

    /// <summary>It was asked to end.</summary>
    Stopping,
}

/// <summary>A look at a supervised service.</summary>
/// <param name="Name">its name</param>
/// <param name="State">what it is doing</param>
/// <param name="ProcessIds">its processes; empty while it is not up</param>
/// <param name="Restarts">how often it was started again</param>
/// <param name="LastLine">what it said last, or why it is not up</param>
public sealed record ServiceStatus(string Name, ServiceState State, IReadOnlyList<int> ProcessIds, int Restarts, string LastLine);
