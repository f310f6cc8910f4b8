using System.Globalization;
using Mjolnir.AppServer.Http;
using Mjolnir.Cli.Bench;
using Mjolnir.Cli.Embedded;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Applications;
using Spectre.Console;

namespace Mjolnir.Cli.Dev;

/// <summary>What the author sees: a start screen and one line per event. Into a file or a pipe only plain lines, the first being <c>listening URL</c>.</summary>
internal sealed class DevScreen(IAnsiConsole console, bool plain)
{
    public static DevScreen Create() => new(Terminal.Create(Console.Out, Console.IsOutputRedirected), Console.IsOutputRedirected);

    /// <summary>Shows a bar only if the work takes longer than <see cref="CliLimits.QuietWork"/>.</summary>
    public async Task<T> WithProgressAsync<T>(string what, Func<DevProgress, Task<T>> work)
    {
        var progress = new DevProgress(what);
        var running = work(progress);
        if (await Task.WhenAny(running, Task.Delay(CliLimits.QuietWork)) == running)
        {
            return await running;
        }

        if (plain)
        {
            console.WriteLine($"{what} ...");
            return await running;
        }

        await console.Progress().AutoClear(true).StartAsync(context => FollowAsync(context.AddTask(what), progress, running));
        return await running;
    }

    public void Started(DevOptions options, Application application, Uri url, EmbeddedStack stack, TimeSpan took)
    {
        var recovery = RecoveryText.Of(stack, took);
        if (plain)
        {
            console.WriteLine(ChildServer.ListeningWord + url.ToString().TrimEnd('/'));
            console.WriteLine($"{application.Name}: {recovery}");
            return;
        }

        var rows = new Grid().AddColumns(2);
        rows.AddRow("[bold]Open[/]", $"[link]{Markup.Escape(url.ToString())}[/]");
        rows.AddRow("[bold]Data[/]", Markup.Escape(options.Data));
        rows.AddRow("[bold]Start[/]", Markup.Escape(recovery));
        rows.AddRow("[bold]Sign in[/]", options.SignIn == SignInMode.Open ? "any name, no password (this machine only)" : "by name and password");
        rows.AddRow("[bold]Files[/]", options.Reload ? $"{Markup.Escape(options.Folder)} (changes are loaded at once)" : Markup.Escape(options.Folder));
        rows.AddRow("[bold]Stop[/]", "Ctrl-C");
        console.Write(new Panel(rows).Header($" {Markup.Escape(application.Name)} ").RoundedBorder());
    }

    public void Reloaded(Application application) => Line($"loaded {application.Version} ({application.Pages.Count} pages)");

    public void Kept(Application application) => Line($"not loaded; {application.Version} is still served");

    public void Renamed(Application application, Application next) =>
        Line($"not loaded: the application is called '{next.Name}' now, but '{application.Name}' is running on this data. Stop and start again.");

    public void Violated(Violation violation) => Line($"BROKEN RULE at {violation.Part}, {Alarms.NameOf(violation.Kind)}: {violation.What}");

    /// <summary>Rows that had one value before their unique index was declared: they stay, and no other row can take it.</summary>
    public void Duplicates(IReadOnlyList<UniqueDuplicate> duplicates)
    {
        foreach (var each in duplicates.Take(CliLimits.DuplicatesShown))
        {
            Line($"NOT UNIQUE: {each.Text}");
        }

        if (duplicates.Count > CliLimits.DuplicatesShown)
        {
            Line($"NOT UNIQUE: {duplicates.Count - CliLimits.DuplicatesShown} more");
        }
    }

    public void Stopping() => Line("stopping");

    private void Line(string text) => console.WriteLine($"{DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}");

    private static async Task FollowAsync(ProgressTask bar, DevProgress progress, Task running)
    {
        while (!running.IsCompleted)
        {
            bar.Description = progress.Phase;
            bar.MaxValue = Math.Max(1, progress.Total);
            bar.Value = progress.Done;
            await Task.WhenAny(running, Task.Delay(CliLimits.Redraw));
        }
    }
}
