using System.Globalization;

namespace Mjolnir.Cli.Up;

/// <summary>One line per event and per line of a process, its name before it: for files and pipes.</summary>
internal sealed class PlainUpScreen(TextWriter writer, TimeProvider time) : IUpScreen
{
    private readonly Lock _gate = new();

    public void Event(string text) => Write($"{time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}");

    public void Output(string process, string line) => Write($"{process} | {line}");

    public IAsyncDisposable Show(Uri url, Func<CancellationToken, Task<ClusterLook>> look)
    {
        Write($"{Bench.ChildServer.ListeningWord}{url.ToString().TrimEnd('/')}");
        return Nothing.Instance;
    }

    private void Write(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private sealed class Nothing : IAsyncDisposable
    {
        public static readonly Nothing Instance = new();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
