using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mjolnir.Services;

/// <summary>How to start a memcached: at a loopback port or at a Unix socket, exactly one of the two.</summary>
public sealed record MemcachedServiceOptions
{
    /// <summary>The loopback TCP port.</summary>
    public int? Port { get; init; }

    /// <summary>The Unix socket's path. Its folder must be writable for the user that memcached runs as (this process's; as root: memcached's own).</summary>
    public string? Socket { get; init; }

    /// <summary>Memory for items in MB (<c>-m</c>). memcached wants at least twice the item size.</summary>
    public int MemoryMegabytes { get; init; } = 64;

    /// <summary>Called with each line that memcached prints; null: thrown away.</summary>
    public Action<string>? Output { get; init; }
}

/// <summary>
/// A real memcached as a cache shard needs it: it refuses rather than evicts (<c>-M</c>), and moves no slab pages, since a page move can drop valid items. It ends with
/// this process. Ready when it has answered.
/// </summary>
public sealed class MemcachedService : IAsyncDisposable
{
    private const string Program = "memcached";

    /// <summary>It is there within 10 ms; a machine under load may take longer, but one that takes this long has a fault.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks whether it answers already: a tenth of what a start takes at least.</summary>
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(5);

    /// <summary>For one answer: whoever else holds the port may never answer; memcached is asked again until <see cref="StartPatience"/>.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>It has nothing to write down, so an orderly stop is a matter of milliseconds.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly ServiceProcess _process;

    private MemcachedService(ServiceProcess process, string address)
    {
        _process = process;
        Address = address;
    }

    /// <summary>Where it is reached: <c>127.0.0.1:port</c>, or the socket's path.</summary>
    public string Address { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Ends with the process, however it ends.</summary>
    public Task Exited => _process.Exited;

    /// <summary>Its exit code, once it has exited.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="ServiceFailedException">no such program, the port or socket in use, or anything else it ended of</exception>
    public static async Task<MemcachedService> StartAsync(MemcachedServiceOptions options, CancellationToken cancellationToken)
    {
        if ((options.Port is null) == (options.Socket is null))
        {
            throw new ArgumentException("A memcached listens at a port or at a socket, exactly one of the two.", nameof(options));
        }

        var program = Programs.Find(Program)
            ?? throw new ServiceFailedException($"There is no '{Program}' on this machine. Install it (Debian: apt-get install memcached), or give the address of one that runs.");
        await RequireSocketIsFreeAsync(options, cancellationToken);
        var lastLines = new LastLines();
        var command = CommandOf(program, options) with { Output = line => { lastLines.Add(line); options.Output?.Invoke(line); } };
        var service = new MemcachedService(ServiceProcess.Start(command), options.Socket ?? $"127.0.0.1:{options.Port}");
        try
        {
            await service.AnswersAsync(lastLines, cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks it to end, and ends it when it has not soon.</summary>
    public Task StopAsync() => _process.StopAsync(StopPatience);

    /// <summary>Ends it at once (SIGKILL): what it held is gone.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static ServiceCommand CommandOf(string program, MemcachedServiceOptions options)
    {
        string[] listen = options.Socket is { } socket ? ["-s", socket, "-a", "0700"] : ["-l", "127.0.0.1", "-p", $"{options.Port}", "-U", "0"];
        string[] memory = ["-M", "-m", $"{options.MemoryMegabytes}", "-I", "1m", "-o", "no_slab_reassign,slab_automove=0"];
        var user = Environment.IsPrivilegedProcess ? UserOf() : null;

        // Run as its user from the start where that can be done: changing the user itself, memcached would lose the signal that ends it with its parent.
        var startsAsUser = Programs.Find("setpriv") is not null;
        string[] changesUser = user is not null && !startsAsUser ? ["-u", user] : [];
        return new ServiceCommand(program, [.. listen, .. memory, "-c", "1024", "-t", "2", .. changesUser]) { User = startsAsUser ? user : null };
    }

    /// <summary>memcached does not run as root; its package makes a user for it.</summary>
    private static string UserOf()
    {
        var users = File.Exists("/etc/passwd") ? File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0]).ToHashSet() : [];
        return new[] { "memcache", "memcached", "nobody" }.FirstOrDefault(users.Contains)
            ?? throw new ServiceFailedException("memcached does not run as root, and this machine has no user 'memcache', 'memcached' or 'nobody'.");
    }

    /// <summary>memcached takes a socket's file over without asking who listens there. Whoever accepts a connection listens, even if it is too busy to answer.</summary>
    private static async Task RequireSocketIsFreeAsync(MemcachedServiceOptions options, CancellationToken cancellationToken)
    {
        if (options.Socket is null)
        {
            return;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.Socket), cancellationToken);
        }
        catch (SocketException)
        {
            return;
        }

        throw new ServiceFailedException($"Something listens at the socket {options.Socket} already.");
    }

    private async Task AnswersAsync(LastLines lastLines, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < StartPatience)
        {
            // Another memcached may hold the port: the process id tells whether it is this one that answers.
            if (await AskAsync(Address, "stats", cancellationToken) is { } answer && answer.Contains($"STAT pid {Id}\r\n", StringComparison.Ordinal))
            {
                return;
            }

            if (await Task.WhenAny(Exited, Task.Delay(StartPause, cancellationToken)) == Exited)
            {
                throw new ServiceFailedException($"memcached at {Address} ended with code {ExitCode} before it answered: {await lastLines.TextAsync()}");
            }
        }

        throw new ServiceFailedException($"memcached at {Address} did not answer within {StartPatience.TotalSeconds:F0} s: {await lastLines.TextAsync()}");
    }

    /// <summary>The beginning of the answer to one line; null if nobody answers.</summary>
    private static async Task<string?> AskAsync(string address, string line, CancellationToken cancellationToken)
    {
        try
        {
            EndPoint end = address.StartsWith('/') ? new UnixDomainSocketEndPoint(address) : IPEndPoint.Parse(address);
            using var socket = new Socket(end.AddressFamily, SocketType.Stream, end is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
            await socket.ConnectAsync(end, cancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellationToken);
            var buffer = new byte[4096];
            var length = await socket.ReceiveAsync(buffer, cancellationToken).AsTask().WaitAsync(AnswerPatience, cancellationToken);
            return length == 0 ? null : Encoding.ASCII.GetString(buffer, 0, length);
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>What it said last, for the message of a failed start.</summary>
    private sealed class LastLines
    {
        private const int Most = 5;

        /// <summary>Its last words come through a pipe, behind the news of its end.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

        private readonly Queue<string> _lines = new();
        private readonly TaskCompletionSource _some = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Add(string line)
        {
            lock (_lines)
            {
                _lines.Enqueue(line);
                if (_lines.Count > Most)
                {
                    _lines.Dequeue();
                }
            }

            _some.TrySetResult();
        }

        public async Task<string> TextAsync()
        {
            await Task.WhenAny(_some.Task, Task.Delay(Patience));
            lock (_lines)
            {
                return _lines.Count == 0 ? "it said nothing" : string.Join(" / ", _lines);
            }
        }
    }
}
