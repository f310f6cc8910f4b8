using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>What is seen while a bench runs. Implementations: a terminal's live table, plain lines for a file or a pipe.</summary>
internal interface IBenchScreen
{
    void Say(string line);

    /// <summary>Shows the figures until the load is over.</summary>
    Task FollowAsync(string what, LoadFigures figures, TimeSpan expected, Task driving);
}
