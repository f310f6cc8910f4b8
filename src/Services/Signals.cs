using System.Runtime.InteropServices;

namespace Mjolnir.Services;

/// <summary>Signals to other processes.</summary>
public static partial class Signals
{
    /// <summary>SIGTERM: end in order.</summary>
    public const int Terminate = 15;

    /// <summary>SIGSTOP: stand still (tests).</summary>
    public const int Stop = 19;

    /// <summary>SIGCONT: go on (tests).</summary>
    public const int Continue = 18;

    /// <summary>Sends a signal; false if there is no such process any more.</summary>
    public static bool Send(int process, int signal) => Kill(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
