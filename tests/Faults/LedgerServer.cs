using Mjolnir.Running;

namespace Mjolnir.Faults.Tests;

/// <summary>The server that is killed and started again on the same data, and where it listens now.</summary>
internal sealed class LedgerServer(TestFolder folder) : IAsyncDisposable
{
    private TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MjolnirProcess? _process;

    public static string App => Path.Combine(Repository.Root, "tests", "Faults", "apps", "ledger");

    public string Data => folder.At("data");

    public MjolnirProcess Process => _process!;

    /// <summary>Where it listens; while it is down, waits until it is up again.</summary>
    public Task<Uri> UrlAsync() => Volatile.Read(ref _listening).Task;

    public async Task StartAsync(int stacks)
    {
        var (process, url) = await MjolnirProcess.ServeAsync(Arguments(stacks));
        _process = process;
        Volatile.Read(ref _listening).SetResult(url);
    }

    /// <summary>Starts it only to kill it at some moment of its start.</summary>
    public async Task StartAndKillAsync(int stacks, TimeSpan after)
    {
        await using var process = MjolnirProcess.Start(Arguments(stacks));
        await Task.Delay(after);
        await process.KillAsync();
    }

    public async Task KillAsync()
    {
        // From here on clients wait for the next start.
        Volatile.Write(ref _listening, new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously));
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    public string[] Arguments(int stacks) =>
        ["dev", App, "--data", Data, "--port", "0", "--sign-in", "open", "--no-reload", "--no-rate-limit", "--stacks", $"{stacks}"];
}
