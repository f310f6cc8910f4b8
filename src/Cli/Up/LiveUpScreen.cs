using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mjolnir.Cli.Up;

/// <summary>A table of the processes that is drawn anew every second, the last events and lines below. Until it is shown, events are plain lines.</summary>
internal sealed class LiveUpScreen(IAnsiConsole console, TimeProvider time) : IUpScreen
{
    private readonly IAnsiConsole _console = console;
    private readonly TimeProvider _time = time;
    private readonly Lock _gate = new();
    private readonly Queue<string> _events = new();
    private readonly Queue<string> _lines = new();
    private bool _isLive;

    public void Event(string text)
    {
        var line = $"{_time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}";
        lock (_gate)
        {
            Keep(_events, line);
            if (!_isLive)
            {
                _console.WriteLine(line);
            }
        }
    }

    public void Output(string process, string line)
    {
        lock (_gate)
        {
            Keep(_lines, $"{process} | {line}");
        }
    }

    public IAsyncDisposable Show(Uri url, Func<CancellationToken, Task<ClusterLook>> look) => new Showing(this, url, look);

    private static void Keep(Queue<string> lines, string line)
    {
        lines.Enqueue(line);
        if (lines.Count > UpLimits.LinesShown)
        {
            lines.Dequeue();
        }
    }

    private IRenderable Below(Queue<string> lines, string title)
    {
        lock (_gate)
        {
            return new Panel(new Text(string.Join('\n', lines)) { Overflow = Overflow.Ellipsis }).Header($" {title} ").RoundedBorder().Expand();
        }
    }

    private sealed class Showing : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly LiveUpScreen _screen;
        private readonly Task _drawing;

        public Showing(LiveUpScreen screen, Uri url, Func<CancellationToken, Task<ClusterLook>> look)
        {
            _screen = screen;
            _screen._isLive = true;
            _drawing = DrawAsync(url, look);
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _drawing;
            _screen._isLive = false;
            _end.Dispose();
        }

        private async Task DrawAsync(Uri url, Func<CancellationToken, Task<ClusterLook>> look)
        {
            var table = new UpTable(url, _screen._time);
            await _screen._console.Live(new Text("")).StartAsync(async live =>
            {
                using var seconds = new PeriodicTimer(CliLimits.WatchInterval, _screen._time);
                do
                {
                    live.UpdateTarget(new Rows(table.Of(await look(CancellationToken.None)), _screen.Below(_screen._events, "events"), _screen.Below(_screen._lines, "output (all of it: logs/)")));
                }
                while (await TickAsync(seconds));
            });
        }

        private async Task<bool> TickAsync(PeriodicTimer seconds)
        {
            try
            {
                return await seconds.WaitForNextTickAsync(_end.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }
}
