using System.Net;
using System.Net.Sockets;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>A wire between two servers that can be cut after so many bytes, held, or cut at once.</summary>
internal sealed class FrailWire : IAsyncDisposable
{
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _to;
    private readonly List<Socket> _ends = [];
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;
    private long _forward;
    private long _back;
    private volatile bool _held;

    /// <param name="to">where it leads</param>
    /// <param name="forward">bytes that get there before it is cut</param>
    /// <param name="back">bytes that come back before it is cut</param>
    public FrailWire(IPEndPoint to, long forward = long.MaxValue, long back = long.MaxValue)
    {
        (_to, _forward, _back) = (to, forward, back);
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
        _accepting = AcceptAsync();
    }

    public string Address => _listening.LocalEndPoint!.ToString()!;

    /// <summary>Completes when it was cut.</summary>
    public Task WasCut => _cut.Task;

    /// <summary>Nothing passes any more, but both ends stay open: a frozen server.</summary>
    public void Hold() => _held = true;

    public void Cut()
    {
        lock (_gate)
        {
            foreach (var end in _ends)
            {
                end.Dispose();
            }

            _cut.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listening.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listening.AcceptAsync();
                if (WasCut.IsCompleted)
                {
                    near.Dispose();
                    continue;
                }

                var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                near.NoDelay = true;
                await far.ConnectAsync(_to);
                lock (_gate)
                {
                    _ends.AddRange([near, far]);
                }

                _ = PumpAsync(near, far, forward: true);
                _ = PumpAsync(far, near, forward: false);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool forward)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var left = Interlocked.Read(ref forward ? ref _forward : ref _back);
                var count = left == 0 ? 0 : await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)));
                if (count > 0 && _held)
                {
                    await WasCut;
                }

                if (count == 0)
                {
                    Cut();
                    return;
                }

                Interlocked.Add(ref forward ? ref _forward : ref _back, -count);
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Cut();
        }
    }
}
