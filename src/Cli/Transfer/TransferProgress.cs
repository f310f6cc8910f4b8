using Spectre.Console;

namespace Mjolnir.Cli.Transfer;

/// <summary>How far an export or import is; written by the work from any thread, read by the screen.</summary>
internal sealed class TransferProgress
{
    private long _done;

    public string What { get; set; } = "";

    public long Done
    {
        get => Interlocked.Read(ref _done);
        set => Interlocked.Exchange(ref _done, value);
    }

    public long Total { get; set; }

    public void Add(long done) => Interlocked.Add(ref _done, done);

    public void Begin(string what, long total)
    {
        (What, Total) = (what, total);
        Interlocked.Exchange(ref _done, 0);
    }
}

/// <summary>Shows a bar; into a file or a pipe a plain line now and then.</summary>
internal static class TransferScreen
{
    /// <summary>Follows the work to its end.</summary>
    public static async Task<T> FollowAsync<T>(IAnsiConsole console, bool plain, TransferProgress progress, Task<T> work)
    {
        if (plain)
        {
            await LinesAsync(console, progress, work);
        }
        else
        {
            await console.Progress().AutoClear(true).StartAsync(context => BarAsync(context.AddTask(" "), progress, work));
        }

        return await work;
    }

    private static async Task LinesAsync(IAnsiConsole console, TransferProgress progress, Task work)
    {
        while (await Task.WhenAny(work, Task.Delay(CliLimits.QuietWork)) != work)
        {
            console.WriteLine(FormattableString.Invariant($"{progress.What}: {progress.Done} of {progress.Total}"));
        }
    }

    private static async Task BarAsync(ProgressTask bar, TransferProgress progress, Task work)
    {
        while (!work.IsCompleted)
        {
            bar.Description = Markup.Escape(progress.What);
            bar.MaxValue = Math.Max(1, progress.Total);
            bar.Value = Math.Min(progress.Done, bar.MaxValue);
            await Task.WhenAny(work, Task.Delay(CliLimits.Redraw));
        }
    }
}
